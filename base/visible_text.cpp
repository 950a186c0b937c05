#include "base/visible_text.h"

#include <algorithm>

namespace pennon::base {
namespace {

// Of a character at the beginning that is not to be seen; 0: it is another one. As UTF-8, those
// that are not ASCII begin with one of two bytes.
std::size_t InvisibleSize(std::string_view text) {
  const auto byte = [&](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  const auto is_within = [](unsigned value, unsigned from, unsigned to) {
    return value >= from && value <= to;
  };
  if (byte(0) < 0x20 || byte(0) == 0x7f) return 1;
  if (byte(0) == 0xc2 && is_within(byte(1), 0x80, 0x9f)) return 2;
  if (byte(0) != 0xe2) return 0;
  const bool is_mark =
      (byte(1) == 0x80 && (is_within(byte(2), 0x8b, 0x8f) || is_within(byte(2), 0xa8, 0xae))) ||
      (byte(1) == 0x81 && is_within(byte(2), 0xa0, 0xaf));
  return is_mark ? 3 : 0;
}

void AppendEscaped(std::string& out, unsigned point) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u";
  for (unsigned shift = 16; shift > 0; shift -= 4) out += kDigits[point >> (shift - 4) & 15U];
}

}  // namespace

std::string VisibleText(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t size = InvisibleSize(text);
    const auto low = [&](std::size_t at) { return static_cast<unsigned char>(text[at]) & 0x3fU; };
    if (size == 0) shown += text.front();
    if (size == 1) AppendEscaped(shown, static_cast<unsigned char>(text.front()));
    if (size == 2) AppendEscaped(shown, 0x80U | low(1));
    if (size == 3) AppendEscaped(shown, 0x2000U | low(1) << 6U | low(2));
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return shown;
}

}  // namespace pennon::base
