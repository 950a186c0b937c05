#include "engine/pieced_bytes.h"

#include <doctest/doctest.h>

#include <cstring>

namespace pennon::engine {

TEST_CASE("bytes are found where they were appended, and copied out in order, over many pieces") {
  PiecedBytes bytes;
  std::vector<std::byte> all;
  std::vector<std::size_t> offsets;
  for (std::size_t i = 0; i < 40; ++i) {
    const std::size_t size = i == 20 ? std::size_t{3} << 20U : 100'000 + i;
    const std::vector<std::byte> block(size, static_cast<std::byte>(i));
    offsets.push_back(bytes.size());
    bytes.Append(block);
    all.insert(all.end(), block.begin(), block.end());
    REQUIRE(bytes.size() == all.size());
  }
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    const auto found = bytes.From(offsets[i]);
    REQUIRE(found.size() >= 100'000);
    CHECK(found.front() == static_cast<std::byte>(i));
  }
  std::vector<std::byte> copy(all.size());
  bytes.CopyTo(copy.data());
  CHECK(copy == all);
}

}  // namespace pennon::engine
