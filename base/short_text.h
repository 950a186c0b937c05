// Comparing and copying texts without a call: for the short names and values of the request path.
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

/// The same as `text.copy(to, text.size())`.
inline void CopyText(char* to, std::string_view text) {
  const auto as_words = [&]<typename Word>(Word first) {
    Word last;
    std::memcpy(&first, text.data(), sizeof(Word));
    std::memcpy(&last, text.data() + text.size() - sizeof(Word), sizeof(Word));
    std::memcpy(to, &first, sizeof(Word));
    std::memcpy(to + text.size() - sizeof(Word), &last, sizeof(Word));
  };
  if (text.size() > kShortText) {
    std::memcpy(to, text.data(), text.size());
  } else if (text.size() >= 8) {
    as_words(std::uint64_t{});
  } else if (text.size() >= 4) {
    as_words(std::uint32_t{});
  } else if (text.size() >= 2) {
    as_words(std::uint16_t{});
  } else if (!text.empty()) {
    *to = text.front();
  }
}

}  // namespace pennon::base
