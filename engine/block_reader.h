// One block of an image, a flag's or a segment's, while its records are verified.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/image.h"

namespace pennon::engine {

/// Its parts may not overlap, so each draws its bytes from the block's size; that keeps the work
/// linear for hostile images as well.
class BlockReader {
 public:
  BlockReader(const void* start, std::uint32_t size)
      : start_(static_cast<const std::byte*>(start)), size_(size) {}

  template <typename T>
  bool Holds(Part<T> part, std::span<const T>& records) {
    const std::uint64_t bytes = std::uint64_t{part.count} * sizeof(T);
    drawn_ += bytes;
    if (part.offset % alignof(T) != 0 || part.offset + bytes > size_ || drawn_ > size_) {
      return false;
    }
    records = {reinterpret_cast<const T*>(start_ + part.offset), part.count};
    return true;
  }
  template <typename T>
  const T* Record(std::uint32_t offset) {
    std::span<const T> one;
    return Holds(Part<T>{offset, 1}, one) ? one.data() : nullptr;
  }

 private:
  const std::byte* start_;
  std::uint32_t size_;
  std::uint64_t drawn_ = 0;
};

}  // namespace pennon::engine
