// Whether two texts are equal, without a call: for the short names and values of the request path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pennon::base {

inline constexpr std::size_t kShortText = 16;

/// Whether two texts of the same size, kShortText at most, are equal: as two words that may
/// overlap.
inline bool SameShortText(const char* a, const char* b, std::size_t size) {
  const auto same_words = [&]<typename Word>(Word) {
    const auto differing = [&](std::size_t offset) {
      Word left;
      Word right;
      std::memcpy(&left, a + offset, sizeof(Word));
      std::memcpy(&right, b + offset, sizeof(Word));
      return left ^ right;
    };
    return (differing(0) | differing(size - sizeof(Word))) == 0;
  };
  if (size >= 8) return same_words(std::uint64_t{});
  if (size >= 4) return same_words(std::uint32_t{});
  if (size >= 2) return same_words(std::uint16_t{});
  return size == 0 || *a == *b;
}

/// The same as `a == b`.
inline bool SameText(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  return a.size() > kShortText ? std::memcmp(a.data(), b.data(), a.size()) == 0
                               : SameShortText(a.data(), b.data(), a.size());
}

}  // namespace pennon::base
