#include "engine/flag_blocks.h"

#include <algorithm>
#include <cstring>

namespace pennon::engine {

FlagBlocks::FlagBlocks(const ImageView& base, std::span<const ReplacedBlock> replaced) {
  const auto end = static_cast<std::uint32_t>(base.image.size());
  std::uint32_t next = base.flags.empty() ? end : base.flags.front();
  for (const ReplacedBlock& one : replaced) {
    const std::uint32_t place = base.flags[one.flag];
    Add(next, base.image.subspan(next, place - next));
    Add(place, one.block);
    next = place + base.BlockAt<FlagRecord>(place).block_size;
  }
  Add(next, base.image.subspan(next));
}

void FlagBlocks::Add(std::uint32_t before, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const auto now = static_cast<std::uint32_t>(size_);
  runs_.push_back({now, bytes});
  const std::uint32_t shift = now - before;
  if (moves_.empty() || moves_.back().shift != shift) moves_.push_back({before, shift});
  size_ += bytes.size();
}

std::uint32_t FlagBlocks::Moved(std::uint32_t offset) const {
  const auto behind =
      std::upper_bound(moves_.begin(), moves_.end(), offset,
                       [](std::uint32_t place, const Move& move) { return place < move.from; });
  return offset + std::prev(behind)->shift;
}

void FlagBlocks::CopyTo(std::byte* place) const {
  for (const Run& run : runs_) std::memcpy(place + run.now, run.bytes.data(), run.bytes.size());
}

}  // namespace pennon::engine
