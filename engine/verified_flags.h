// What is known of an image whose flags are verified when they are first found: with a hundred
// thousand flags, of which a process asks for a few, that is most of the work of taking it over.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/image.h"

namespace pennon::engine {

/// Which flags' blocks have been verified; a bit for each. Any thread may look and note.
class VerifiedFlags {
 public:
  explicit VerifiedFlags(std::size_t image_size)
      : bits_(image_size / kBlockAlignment / kWordBits + 1) {}

  [[nodiscard]] bool Has(std::uint32_t offset) const {
    const std::uint32_t block = offset / kBlockAlignment;
    const std::uint64_t word = bits_[block / kWordBits].load(std::memory_order_relaxed);
    return (word >> block % kWordBits & 1U) != 0;
  }
  void Note(std::uint32_t offset) {
    const std::uint32_t block = offset / kBlockAlignment;
    bits_[block / kWordBits].fetch_or(std::uint64_t{1} << block % kWordBits,
                                      std::memory_order_relaxed);
  }

 private:
  static constexpr std::uint32_t kWordBits = 64;
  std::vector<std::atomic<std::uint64_t>> bits_;
};

}  // namespace pennon::engine
