#include "engine/hash.h"

#include <doctest/doctest.h>

#include <string>

namespace pennon::engine {
namespace {

std::uint32_t Whole(std::string_view text) {
  Murmur3 hash;
  hash.Update(text);
  return hash.Finish();
}

}  // namespace

TEST_CASE("murmur3 gives the published hashes") {
  CHECK(Whole("") == 0);
  CHECK(Whole("hello") == 0x248bfa47);
  CHECK(Whole("hello, world") == 0x149bbb7f);
  CHECK(Whole("fractional-flagjack") == 2682799072U);
  CHECK(Whole("ejOoVL") == 0);
  CHECK(Whole("ceQdGm") == 0xffffffffU);
  CHECK(Whole("SI7p-") == 0x7fffffffU);
}

TEST_CASE("murmur3 over pieces is murmur3 over the whole, and can be resumed anywhere") {
  const std::string text = "the quick brown fox jumps";
  for (std::size_t i = 0; i <= text.size(); ++i) {
    for (std::size_t j = i; j <= text.size(); ++j) {
      Murmur3 first;
      first.Update(text.substr(0, i));
      Murmur3 resumed(first.hash(), first.tail(), first.length());
      resumed.Update(text.substr(i, j - i));
      resumed.Update(text.substr(j));
      CHECK(resumed.Finish() == Whole(text));
    }
  }
}

TEST_CASE("the table hash depends on every byte, the length and the seed") {
  std::string text(40, 'a');
  const std::uint64_t before = Hash64(text, 1);
  CHECK(Hash64(text, 2) != before);
  CHECK(Hash64(std::string(41, 'a'), 1) != before);
  for (char& c : text) {
    c = 'b';
    CHECK(Hash64(text, 1) != before);
    c = 'a';
  }
}

}  // namespace pennon::engine
