// Bytes as a network gives them: in pieces of any size.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace pennon::test {

/// Calls `take` with one piece after the other. None is longer than 1 + `seed`, which their sizes
/// follow from.
template <typename Take>
void InPieces(std::string_view bytes, std::uint8_t seed, Take take) {
  std::uint32_t state = seed;
  while (!bytes.empty()) {
    state = state * 1'664'525U + 1'013'904'223U;
    const std::size_t size = std::min<std::size_t>(1 + (state >> 16U) % (seed + 1U), bytes.size());
    take(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

}  // namespace pennon::test
