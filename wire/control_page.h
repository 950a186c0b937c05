// The page that a daemon shares with the processes that evaluate by themselves: which image is in
// force and how old it is. docs/protocol.md describes its layout, which never changes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "model/evaluation.h"

namespace pennon::wire {

inline constexpr std::uint64_t kControlMagic = 0x31305254434e4e50;  // "PNNCTR01"
inline constexpr std::size_t kControlPageBytes = 4096;
/// What the memory of an image and of a control page must be sealed against, at the least.
inline constexpr int kImageSeals = 0x1 | 0x2 | 0x4 | 0x8;     // SEAL, SHRINK, GROW, WRITE
inline constexpr int kControlSeals = 0x1 | 0x2 | 0x4 | 0x10;  // SEAL, SHRINK, GROW, FUTURE_WRITE

/// Bits of ControlPage::state; the lowest eight are the model::Source.
inline constexpr std::uint64_t kControlUnconfirmed = 0x100;  // always stale
inline constexpr std::uint64_t kControlRevoked = 0x200;      // ask again whether you may map
inline constexpr std::uint64_t kControlHeldBack = 0x400;     // older than the newest on purpose

/// Written by the daemon alone, member by member; each is right by itself.
struct ControlPage {
  std::uint64_t magic = kControlMagic;
  std::uint32_t version = 1;
  std::uint32_t size = sizeof(ControlPage);
  std::atomic<std::uint64_t> serial{0};  // of the image in force; 0: there is none
  std::atomic<std::uint64_t> epoch{0};
  std::atomic<std::uint64_t> revision{0};
  std::atomic<std::int64_t> confirmed_at{0};  // milliseconds of CLOCK_MONOTONIC
  std::atomic<std::int64_t> heartbeat_at{0};  // likewise; the daemon lives
  std::atomic<std::int64_t> stale_after{0};   // milliseconds
  std::atomic<std::uint64_t> state{0};
};
static_assert(sizeof(ControlPage) == 72 && std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace pennon::wire
