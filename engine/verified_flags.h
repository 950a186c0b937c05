// What is known of an image whose flags are verified when they are first found: with a hundred
// thousand flags, of which a process asks for a few, that is most of the work of taking it over.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/image.h"

namespace pennon::engine {

/// What has been found out of each flag's block. Any thread may look and note.
class VerifiedFlags {
 public:
  explicit VerifiedFlags(std::size_t image_size) : sound_(image_size), unsound_(image_size) {}

  [[nodiscard]] bool IsSound(std::uint32_t offset) const { return sound_.Has(offset); }
  /// Not to be looked at again: a block may be most of an image.
  [[nodiscard]] bool IsUnsound(std::uint32_t offset) const { return unsound_.Has(offset); }
  void Note(std::uint32_t offset, bool is_sound) { (is_sound ? sound_ : unsound_).Add(offset); }

 private:
  /// A bit for each place where a block can begin.
  class Blocks {
   public:
    explicit Blocks(std::size_t image_size) : bits_(image_size / kBlockAlignment / kWordBits + 1) {}
    [[nodiscard]] bool Has(std::uint32_t offset) const {
      const std::uint32_t block = offset / kBlockAlignment;
      const std::uint64_t word = bits_[block / kWordBits].load(std::memory_order_relaxed);
      return (word >> block % kWordBits & 1U) != 0;
    }
    void Add(std::uint32_t offset) {
      const std::uint32_t block = offset / kBlockAlignment;
      bits_[block / kWordBits].fetch_or(std::uint64_t{1} << block % kWordBits,
                                        std::memory_order_relaxed);
    }

   private:
    static constexpr std::uint32_t kWordBits = 64;
    std::vector<std::atomic<std::uint64_t>> bits_;
  };

  Blocks sound_;
  Blocks unsound_;
};

}  // namespace pennon::engine
