#include "engine/placed_table.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace pennon::engine {

// Few of many slots are faster to guess about, many of few are faster to keep in the caches.
std::size_t SlotsFor(std::size_t count) {
  constexpr std::size_t kSmall = std::size_t{1} << 14U;
  return std::bit_ceil(std::max<std::size_t>(count * 4 <= kSmall ? count * 4 : count * 5 / 4, 2));
}

// A number that is far from home takes the place of one that is nearer (Robin Hood hashing, Celis
// 1986), so that the table may be rather full and still no probe is long.
bool Place(std::span<std::uint32_t> slots, const std::vector<std::uint32_t>& homes) {
  const auto mask = static_cast<std::uint32_t>(slots.size() - 1);
  for (std::uint32_t i = 0; i < homes.size(); ++i) {
    std::uint32_t number = i;
    std::uint32_t distance = 0;
    for (std::uint32_t at = homes[i];; at = (at + 1) & mask, ++distance) {
      if (distance == kMaxProbe) return false;
      std::uint32_t& slot = slots[at];
      if (slot == kNone) {
        slot = number;
        break;
      }
      const std::uint32_t other = (at - homes[slot]) & mask;
      if (other >= distance) continue;
      std::swap(slot, number);
      distance = other;
    }
  }
  return true;
}

}  // namespace pennon::engine
