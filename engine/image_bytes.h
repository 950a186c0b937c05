// The memory that images lie in: aligned to cache lines, and on large pages when it is large,
// because evaluations of random flags would spend more time on translating addresses than on flags.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "engine/spare_memory.h"

namespace pennon::engine {

inline constexpr std::size_t kCacheLine = 64;
inline constexpr std::size_t kLargePage = std::size_t{2} << 20U;

/// Throws std::bad_alloc as std::allocator does. That the kernel may refuse large pages only costs
/// time. Bytes without a value begin with any: what takes most of an image is copied over it.
template <typename T>
struct ImageAllocator {
  using value_type = T;  // NOLINT(readability-identifier-naming): the standard's name

  ImageAllocator() = default;
  template <typename U>
  ImageAllocator(const ImageAllocator<U>& /*other*/) {}

  T* allocate(std::size_t count) {
    const std::size_t large = LargePages(count);
    if (large == 0) {
      return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{kCacheLine}));
    }
    const std::size_t bytes = BlockBytes(count);
    if (void* const spare = TakeSpareMemory(bytes)) return static_cast<T*>(spare);
    void* const memory = ::operator new (bytes, std::align_val_t{kLargePage});
    ::madvise(memory, large, MADV_HUGEPAGE);
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) {
    if (LargePages(count) == 0) {
      ::operator delete (memory, std::align_val_t{kCacheLine});
    } else if (!OfferSpareMemory(memory, BlockBytes(count))) {
      ::operator delete (memory, std::align_val_t{kLargePage});
    }
  }
  template <typename U, typename... Arguments>
  void construct(U* place, Arguments&&... arguments) {
    if constexpr (sizeof...(arguments) == 0) {
      ::new (static_cast<void*>(place)) U;
    } else {
      std::construct_at(place, std::forward<Arguments>(arguments)...);
    }
  }
  friend bool operator==(const ImageAllocator& /*a*/, const ImageAllocator& /*b*/) { return true; }

 private:
  // Bytes to be asked for as large pages: the last one when it is used by half at least.
  static std::size_t LargePages(std::size_t count) {
    return (count * sizeof(T) + kLargePage / 2) / kLargePage * kLargePage;
  }
  // Of large ones: in steps, so that an image fits where one of nearly its size was.
  static std::size_t BlockBytes(std::size_t count) {
    constexpr std::size_t kStep = kLargePage / 16;
    return std::max((count * sizeof(T) + kStep - 1) / kStep * kStep, LargePages(count));
  }
};

using ImageBytes = std::vector<std::byte, ImageAllocator<std::byte>>;

}  // namespace pennon::engine
