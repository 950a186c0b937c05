#include "base/utf8.h"

#include <array>

namespace pennon::base {

// Sixteen bytes at a time; the last sixteen may overlap those before.
std::uint64_t HighBitsOfLong(std::string_view text) {
  std::array<std::uint64_t, 2> seen{};
  const auto look_at = [&](std::size_t offset) {
    std::array<std::uint64_t, 2> words;
    std::memcpy(words.data(), text.data() + offset, sizeof(words));
    seen[0] |= words[0];
    seen[1] |= words[1];
  };
  for (std::size_t i = 0; i + sizeof(seen) < text.size(); i += sizeof(seen)) look_at(i);
  look_at(text.size() - sizeof(seen));
  return seen[0] | seen[1];
}

std::size_t ValidUtf8Prefix(std::string_view text) {
  constexpr std::size_t kStride = 32;
  const auto* const begin = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = begin + text.size();
  const unsigned char* next = begin;
  while (next < end) {
    if (*next < 0x80) {
      const auto left = static_cast<std::size_t>(end - next);
      const auto at = static_cast<std::size_t>(next - begin);
      next += left >= kStride && IsAscii(text.substr(at, kStride)) ? kStride : 1;
      continue;
    }
    const int extra = *next >= 0xf0 ? 3 : *next >= 0xe0 ? 2 : 1;
    if (*next < 0xc2 || *next > 0xf4 || end - next <= extra) break;
    // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
    const unsigned low = *next == 0xe0 ? 0xa0 : *next == 0xf0 ? 0x90 : 0x80;
    const unsigned high = *next == 0xed ? 0x9f : *next == 0xf4 ? 0x8f : 0xbf;
    if (next[1] < low || next[1] > high) break;
    bool continues = true;
    for (int i = 2; i <= extra; ++i) continues = continues && (next[i] & 0xc0U) == 0x80U;
    if (!continues) break;
    next += extra + 1;
  }
  return static_cast<std::size_t>(next - begin);
}

}  // namespace pennon::base
