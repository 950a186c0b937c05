// Counters of the answers that most flags give: a byte each, laid out as the flags are in the
// image. So counting is one increment, and nothing is searched for.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "engine/image.h"
#include "model/evaluation.h"

namespace pennon::client {

/// Of one thread and one set. Count is the thread's own; the rest is for whoever has taken the
/// counters from it.
class UsageCells {
 public:
  static constexpr std::size_t kReasons = 6;

  /// For an image of so many bytes; one that is too large is given no counters. Null when there is
  /// no memory.
  static UsageCells* Make(std::uint32_t set, std::size_t image_bytes) noexcept;

  /// Id of the set.
  [[nodiscard]] std::uint32_t set() const { return set_; }
  [[nodiscard]] bool IsUsed() const { return is_used_.load(std::memory_order_relaxed); }

  /// Counts an answer of the flag whose block of `size` bytes is at `offset`. What it gives is to
  /// be counted elsewhere: 1 when there is no counter for it, as many as a counter holds when that
  /// has begun anew.
  [[nodiscard]] std::uint32_t Count(std::uint32_t offset, std::uint32_t size,
                                    const model::Evaluation& answer) {
    const std::uint64_t at =
        std::uint64_t{answer.variant_index} * kReasons + static_cast<std::size_t>(answer.reason);
    if (at >= size / kBytesOfCell || offset / kBytesOfCell + at >= size_) [[unlikely]] {
      return 1;
    }
    is_used_.store(true, std::memory_order_relaxed);
    std::uint8_t& cell = cells_[offset / kBytesOfCell + at];
    if (++cell != 0) [[likely]] {
      return 0;
    }
    return kWrapped;
  }

  /// The counters of the block at `offset`, those of the first variant first.
  [[nodiscard]] std::span<const std::uint8_t> Of(std::uint32_t offset, std::uint32_t end) const;

  UsageCells* next = nullptr;  // in a list of who has taken them

 private:
  static constexpr std::size_t kBytesOfCell = engine::kBlockAlignment / 4;  // of the image
  static constexpr std::size_t kMaxCells = std::size_t{4} << 20U;
  static constexpr std::uint32_t kWrapped = 256;
  struct Free {
    void operator()(std::uint8_t* memory) const { std::free(memory); }
  };

  explicit UsageCells(std::uint32_t set) : set_(set) {}

  const std::uint32_t set_;
  std::size_t size_ = 0;
  std::unique_ptr<std::uint8_t[], Free> cells_;
  std::atomic<bool> is_used_{false};
};

}  // namespace pennon::client
