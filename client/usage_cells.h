// Counters of the answers that most flags give: a byte each, laid out as the flags are in the
// image. So counting is one increment, and nothing is searched for.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "engine/image.h"
#include "model/evaluation.h"

namespace pennon::client {

/// Of one thread and one set. Count is the thread's own; the rest is for whoever has taken the
/// counters from it.
class UsageCells {
 public:
  static constexpr std::size_t kReasons =
      std::size_t{1} + static_cast<int>(model::Reason::kDisabled);

  /// For an image of so many bytes; one that is too large is given no counters. Null when there is
  /// no memory.
  static UsageCells* Make(std::uint32_t set, std::size_t image_bytes) noexcept;

  /// Id of the set.
  [[nodiscard]] std::uint32_t set() const { return set_; }
  [[nodiscard]] bool IsUsed() const { return used_parts_.load(std::memory_order_relaxed) != 0; }

  /// Counts an answer of the flag whose block of `size` bytes is at `offset`. What it gives is to
  /// be counted elsewhere: 1 when there is no counter for it, as many as a counter holds when that
  /// has begun anew.
  [[nodiscard]] std::uint32_t Count(std::uint32_t offset, std::uint32_t size,
                                    const model::Evaluation& answer) {
    const std::uint64_t in_block =
        std::uint64_t{answer.variant_index} * kReasons + static_cast<std::size_t>(answer.reason);
    const std::uint64_t at = offset / kBytesOfCell + in_block;
    if (in_block >= size / kBytesOfCell || at >= size_) [[unlikely]] {
      return 1;
    }
    used_parts_.store(
        used_parts_.load(std::memory_order_relaxed) | std::uint64_t{1} << (at >> part_bits_),
        std::memory_order_relaxed);
    if (++cells_[at] != 0) [[likely]] {
      return 0;
    }
    return kWrapped;
  }

  /// Calls `visit(offset, count)` for each counter that is not 0, in their order: it is of the
  /// block that lies there, or of the last one before it.
  template <typename Visitor>
  void ForEach(Visitor visit) const {
    for (std::size_t part = 0; part < kParts; ++part) {
      if ((used_parts_.load(std::memory_order_relaxed) >> part & 1U) == 0) continue;
      const std::size_t end = std::min(size_, (part + 1) << part_bits_);
      for (std::size_t at = part << part_bits_; at < end; ++at) {
        if (cells_[at] != 0) visit(static_cast<std::uint32_t>(at * kBytesOfCell), cells_[at]);
      }
    }
  }
  /// Which of the counters of its block the one at `offset` is.
  static std::size_t IndexIn(std::uint32_t block, std::uint32_t offset) {
    return (offset - block) / kBytesOfCell;
  }

  UsageCells* next = nullptr;  // in a list of who has taken them

 private:
  static constexpr std::size_t kBytesOfCell = engine::kBlockAlignment / 4;  // of the image
  static constexpr std::size_t kMaxCells = std::size_t{4} << 20U;
  static constexpr std::uint32_t kWrapped = 256;
  static constexpr std::size_t kParts = 64;
  struct Free {
    void operator()(std::uint8_t* memory) const { std::free(memory); }
  };

  explicit UsageCells(std::uint32_t set) : set_(set) {}

  const std::uint32_t set_;
  std::size_t size_ = 0;
  unsigned part_bits_ = 0;
  std::unique_ptr<std::uint8_t[], Free> cells_;
  // A bit for each part of the counters that was touched: the others need not be looked at, which
  // would only make them take memory.
  std::atomic<std::uint64_t> used_parts_{0};
};

}  // namespace pennon::client
