// Whether bytes are text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pennon::base {

inline constexpr std::uint64_t kHighBits = 0x8080808080808080;
/// HighBits for texts of sixteen bytes and more.
std::uint64_t HighBitsOfLong(std::string_view text);
/// Has a bit of kHighBits when a byte of `text` is above 0x7f: bits of several texts may be
/// collected, and looked at once.
[[gnu::always_inline]] inline std::uint64_t HighBits(std::string_view text) {
  const auto of_words = [&]<typename Word>(Word first) {
    Word last;
    std::memcpy(&first, text.data(), sizeof(Word));
    std::memcpy(&last, text.data() + text.size() - sizeof(Word), sizeof(Word));
    return std::uint64_t{first} | last;
  };
  if (text.size() > 2 * sizeof(std::uint64_t)) return HighBitsOfLong(text);
  if (text.size() >= sizeof(std::uint64_t)) return of_words(std::uint64_t{});
  if (text.size() >= sizeof(std::uint32_t)) return of_words(std::uint32_t{});
  if (text.size() >= sizeof(std::uint16_t)) return of_words(std::uint16_t{});
  return text.empty() ? 0 : static_cast<unsigned char>(text.front());
}
/// True when no byte is above 0x7f.
inline bool IsAscii(std::string_view text) {
  return (HighBits(text) & kHighBits) == 0;
}
/// How many bytes of `text`, from its beginning, are valid UTF-8 without overlong forms and
/// surrogates.
std::size_t ValidUtf8Prefix(std::string_view text);
inline bool IsUtf8(std::string_view text) {
  return IsAscii(text) || ValidUtf8Prefix(text) == text.size();
}

}  // namespace pennon::base
