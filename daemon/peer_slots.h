// How many connections each user of this host has open, and how many it may.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace pennon::daemon {

/// Shared by all workers; asked when a connection begins and ends.
class PeerSlots {
 public:
  /// Counts as one connection for as long as it lives. Must not outlive the PeerSlots.
  class Slot {
   public:
    Slot(PeerSlots& slots, std::uint32_t uid) : slots_(slots), uid_(uid) {}
    ~Slot() { slots_.Release(uid_); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    PeerSlots& slots_;
    std::uint32_t uid_;
  };

  explicit PeerSlots(std::size_t each) : each_(each) {}

  /// Null when this user has as many as it may.
  std::unique_ptr<Slot> Take(std::uint32_t uid);
  /// For those that come; nobody is sent away.
  void SetLimit(std::size_t each);
  /// How often Take refused.
  [[nodiscard]] std::uint64_t refused() const;

 private:
  void Release(std::uint32_t uid);

  mutable std::mutex mutex_;
  std::size_t each_;
  std::unordered_map<std::uint32_t, std::size_t> open_;
  std::uint64_t refused_ = 0;
};

}  // namespace pennon::daemon
