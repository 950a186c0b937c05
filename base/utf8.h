// Whether bytes are text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pennon::base {

/// True when no byte is above 0x7f. Eight bytes at a time; the last eight may overlap those before.
inline bool IsAscii(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::uint64_t seen = 0;
  const auto look_at = [&](std::size_t offset, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + offset, size);
    seen |= word;
  };
  if (text.size() >= sizeof(seen)) {
    for (std::size_t i = 0; i + sizeof(seen) < text.size(); i += sizeof(seen)) {
      look_at(i, sizeof(seen));
    }
    look_at(text.size() - sizeof(seen), sizeof(seen));
  } else if (text.size() >= 4) {
    look_at(0, 4);
    look_at(text.size() - 4, 4);
  } else {
    for (const char c : text) seen |= static_cast<unsigned char>(c);
  }
  return (seen & kHighBits) == 0;
}
/// How many bytes of `text`, from its beginning, are valid UTF-8 without overlong forms and
/// surrogates.
std::size_t ValidUtf8Prefix(std::string_view text);
inline bool IsUtf8(std::string_view text) {
  return IsAscii(text) || ValidUtf8Prefix(text) == text.size();
}

}  // namespace pennon::base
