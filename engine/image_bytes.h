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
    void* const memory =
        ::operator new (std::max(count * sizeof(T), large), std::align_val_t{kLargePage});
    ::madvise(memory, large, MADV_HUGEPAGE);
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) {
    ::operator delete (memory, std::align_val_t{LargePages(count) == 0 ? kCacheLine : kLargePage});
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
};

using ImageBytes = std::vector<std::byte, ImageAllocator<std::byte>>;

}  // namespace pennon::engine
