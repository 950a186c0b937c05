// The blocks of an image's flags with some of them replaced: where each of them comes to lie, and
// their bytes, copied in a few long runs. Knows blocks, not what is in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/image_view.h"

namespace pennon::engine {

/// A closed block in the place of a flag's.
struct ReplacedBlock {
  std::uint32_t flag = 0;  // its index in the image's `flags`
  std::span<const std::byte> block;
};

/// Borrows what it is made of. Confined to one thread.
class FlagBlocks {
 public:
  /// `replaced` is in the order of flags, each at most once.
  FlagBlocks(const ImageView& base, std::span<const ReplacedBlock> replaced);

  /// Bytes of all of them.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Where the block that was at `offset` of the base lies now, counted from the first block.
  [[nodiscard]] std::uint32_t Moved(std::uint32_t offset) const;
  void CopyTo(std::byte* place) const;

 private:
  struct Run {
    std::uint32_t now = 0;  // from the first block on
    std::span<const std::byte> bytes;
  };
  /// How far the blocks that were at `from` and behind it have moved, modulo 2^32. Mostly a block
  /// is as large as the one that it replaces, and there is one move.
  struct Move {
    std::uint32_t from = 0;
    std::uint32_t shift = 0;
  };
  void Add(std::uint32_t before, std::span<const std::byte> bytes);

  std::vector<Run> runs_;
  std::vector<Move> moves_;
  std::size_t size_ = 0;
};

}  // namespace pennon::engine
