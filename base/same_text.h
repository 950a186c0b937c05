// Whether two texts are equal, without a call: for the short names and values of the request path.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace pennon::base {

/// The same as `a == b`. Texts of up to 16 bytes are compared as two words that may overlap.
inline bool SameText(std::string_view a, std::string_view b) {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  const auto same_words = [&]<typename Word>(Word) {
    const auto differing = [&](std::size_t offset) {
      Word left;
      Word right;
      std::memcpy(&left, a.data() + offset, sizeof(Word));
      std::memcpy(&right, b.data() + offset, sizeof(Word));
      return left ^ right;
    };
    return (differing(0) | differing(size - sizeof(Word))) == 0;
  };
  if (size > 16) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= 8) return same_words(std::uint64_t{});
  if (size >= 4) return same_words(std::uint32_t{});
  if (size >= 2) return same_words(std::uint16_t{});
  return size == 0 || a.front() == b.front();
}

}  // namespace pennon::base
