// The memory that images lie in: aligned to cache lines, and on large pages when it is large,
// because evaluations of random flags would spend more time on translating addresses than on flags.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <vector>

namespace pennon::engine {

inline constexpr std::size_t kCacheLine = 64;
inline constexpr std::size_t kLargePage = std::size_t{2} << 20U;

/// Throws std::bad_alloc as std::allocator does. That the kernel may refuse large pages only costs
/// time.
template <typename T>
struct ImageAllocator {
  using value_type = T;  // NOLINT(readability-identifier-naming): the standard's name

  ImageAllocator() = default;
  template <typename U>
  ImageAllocator(const ImageAllocator<U>& /*other*/) {}

  T* allocate(std::size_t count) {
    const std::size_t size = count * sizeof(T);
    void* const memory = ::operator new(size, AlignmentOf(size));
    if (size >= kLargePage) ::madvise(memory, size / kLargePage * kLargePage, MADV_HUGEPAGE);
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) {
    ::operator delete(memory, AlignmentOf(count * sizeof(T)));
  }
  friend bool operator==(const ImageAllocator& /*a*/, const ImageAllocator& /*b*/) { return true; }

 private:
  static std::align_val_t AlignmentOf(std::size_t size) {
    return std::align_val_t{size >= kLargePage ? kLargePage : kCacheLine};
  }
};

using ImageBytes = std::vector<std::byte, ImageAllocator<std::byte>>;

}  // namespace pennon::engine
