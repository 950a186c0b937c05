#include "base/utf8.h"

namespace pennon::base {

bool IsUtf8Text(std::string_view text) {
  const auto* next = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = next + text.size();
  while (next < end) {
    if (*next < 0x80) {
      ++next;
      continue;
    }
    const int extra = *next >= 0xf0 ? 3 : *next >= 0xe0 ? 2 : 1;
    if (*next < 0xc2 || *next > 0xf4 || end - next <= extra) return false;
    // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
    const unsigned low = *next == 0xe0 ? 0xa0 : *next == 0xf0 ? 0x90 : 0x80;
    const unsigned high = *next == 0xed ? 0x9f : *next == 0xf4 ? 0x8f : 0xbf;
    if (next[1] < low || next[1] > high) return false;
    for (int i = 2; i <= extra; ++i) {
      if ((next[i] & 0xc0U) != 0x80U) return false;
    }
    next += extra + 1;
  }
  return true;
}

}  // namespace pennon::base
