// The memory of one evaluation of JSONLogic: what `cat`, `map` and their like make.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/budget.h"
#include "engine/limits.h"

namespace pennon::engine {

/// Gives bytes that live as long as it does; allocates nothing until asked. Confined to one thread.
class LogicMemory {
 public:
  explicit LogicMemory(Budget& budget) : budget_(budget) {}

  /// One step of a walk over what was made. Lists may stand in others many times, so their elements
  /// are far more than what they take.
  bool Spend() { return budget_.Spend(); }

  /// Bytes aligned for any value; null, and the budget spent, when kMaxLogicMemory is reached, or
  /// the process has no more.
  std::byte* Take(std::size_t size) {
    constexpr std::size_t kAlignment = alignof(std::max_align_t);
    size = (size + kAlignment - 1) / kAlignment * kAlignment;
    if (size > kMaxLogicMemory - taken_) {
      budget_.Exhaust();
      return nullptr;
    }
    if (size > left_ && !Grow(std::max(size, kChunk))) {
      budget_.Exhaust();
      return nullptr;
    }
    taken_ += size;
    left_ -= size;
    return std::exchange(next_, next_ + size);
  }

 private:
  static constexpr std::size_t kChunk = 4096;

  [[gnu::noinline]] bool Grow(std::size_t size) noexcept {
    try {
      chunks_.push_back(std::make_unique<std::byte[]>(size));
    } catch (const std::bad_alloc&) {
      return false;
    }
    next_ = chunks_.back().get();
    left_ = size;
    return true;
  }

  Budget& budget_;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t taken_ = 0;
};

/// A text or list that grows in a LogicMemory. Appending to it when the memory is used up does
/// nothing; the evaluation fails then anyhow.
template <typename T>
class LogicBuffer {
 public:
  static_assert(std::is_trivially_copyable_v<T>);

  explicit LogicBuffer(LogicMemory& memory) : memory_(memory) {}
  /// With room for `capacity` items, where their number is known.
  LogicBuffer(LogicMemory& memory, std::size_t capacity) : memory_(memory) { Grow(capacity); }

  void Append(std::span<const T> more) {
    if (more.empty() || !Reserve(more.size())) return;
    std::copy(more.begin(), more.end(), data_ + size_);
    size_ += more.size();
  }
  void Append(const T& one) { Append(std::span<const T>(&one, 1)); }

  /// As LogicMemory::Spend.
  bool Spend() { return memory_.Spend(); }

  [[nodiscard]] std::span<const T> items() const { return {data_, size_}; }

 private:
  bool Reserve(std::size_t more) {
    if (more <= capacity_ - size_) return true;
    return Grow(std::max({capacity_ * 2, size_ + more, std::size_t{16}}));
  }
  bool Grow(std::size_t capacity) {
    std::byte* const bytes = memory_.Take(capacity * sizeof(T));
    if (bytes == nullptr) return false;
    if (size_ != 0) std::memcpy(bytes, data_, size_ * sizeof(T));
    data_ = reinterpret_cast<T*>(bytes);
    capacity_ = capacity;
    return true;
  }

  LogicMemory& memory_;
  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace pennon::engine
