// One worker's counts by flag, variant and reason: plain memory of that worker, handed over as a
// whole.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "serving/usage_sink.h"

namespace pennon::daemon {

/// What one count can come to; no honest one does. The store refuses a batch with more.
inline constexpr std::uint64_t kMaxUsageCount = std::uint64_t{1} << 46U;

/// Counts of evaluations in one image, which it keeps alive: keys and variants are read from there.
struct UsageTable {
  struct Slot {
    std::uint32_t flag = 0;  // offset of its block
    std::uint32_t variant_size = 0;
    model::Reason reason = model::Reason::kError;
    const char* variant = nullptr;  // in the image
    std::uint64_t evaluations = 0;  // 0: the slot is free
  };
  std::shared_ptr<const serving::AttachedImage> image;
  std::vector<Slot> slots;  // open addressing; a power of two, or none
  std::size_t used = 0;
};

/// Confined to one worker.
class UsageCounter final : public serving::UsageSink {
 public:
  using HandOver = std::function<void(UsageTable)>;
  /// `hand_over` is called on the worker, with what was counted in an image that is replaced.
  explicit UsageCounter(HandOver hand_over) : hand_over_(std::move(hand_over)) {}

  void Count(const serving::Published& published, engine::FlagHandle flag, std::string_view variant,
             model::Reason reason, std::uint64_t times) override;
  /// Hands over what has been counted until now.
  void Flush();

 private:
  void Begin(const serving::Published& published);
  void Grow();
  UsageTable::Slot& Find(std::uint32_t flag, std::string_view variant, model::Reason reason);

  HandOver hand_over_;
  UsageTable table_;
};

}  // namespace pennon::daemon
