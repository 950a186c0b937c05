// Hash tables of an image while they are made: numbers at the places where a lookup will begin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/image.h"

namespace pennon::engine {

/// A table before it has its place in `slots`.
struct PlacedTable {
  static constexpr std::size_t kMaxGrowth = 8;  // of one whose entries collide
  static constexpr std::uint64_t kSeedsPerSize = 32;

  std::vector<std::uint32_t> slots;
  std::uint64_t seed = 0;
};

/// A power of two for so many entries.
std::size_t SlotsFor(std::size_t count);

/// Puts the numbers 0 … homes.size()-1 into the empty `slots`, each in a free slot from its home
/// on; false when one is farther from it than a lookup looks.
bool Place(std::span<std::uint32_t> slots, const std::vector<std::uint32_t>& homes);

/// Places the numbers 0 … count-1, with the hashes that `hash_of(i, seed)` gives, into an
/// open-addressing table; tries seeds, then larger tables, until no probe is longer than kMaxProbe.
/// So a list of keys made to collide costs a few more tries and not a slow lookup; none when they
/// collide with every seed. The caller turns the numbers into what its slots hold.
template <typename HashOf>
std::optional<PlacedTable> PlaceAll(std::size_t count, const HashOf& hash_of) {
  std::vector<std::uint32_t> homes(count);
  const std::size_t least = SlotsFor(count);
  for (std::size_t size = least; size <= PlacedTable::kMaxGrowth * least; size *= 2) {
    const auto mask = static_cast<std::uint32_t>(size - 1);
    for (std::uint64_t seed = 1; seed <= PlacedTable::kSeedsPerSize; ++seed) {
      for (std::size_t i = 0; i < count; ++i) {
        homes[i] = static_cast<std::uint32_t>(hash_of(i, seed)) & mask;
      }
      PlacedTable table{std::vector<std::uint32_t>(size, kNone), seed};
      if (Place(table.slots, homes)) return table;
    }
  }
  return std::nullopt;
}

/// Replaces every number in a table by `entry_of(number)`.
template <typename EntryOf>
void FillSlots(std::span<std::uint32_t> slots, const EntryOf& entry_of) {
  for (std::uint32_t& slot : slots) {
    if (slot != kNone) slot = entry_of(slot);
  }
}

}  // namespace pennon::engine
