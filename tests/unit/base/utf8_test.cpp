#include "base/utf8.h"

#include <doctest/doctest.h>

#include <string>

namespace pennon::base {

TEST_CASE("text of any length is UTF-8, and a character cut off anywhere is not") {
  const std::string characters[] = {"a", "é", "日", "😀", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"};
  for (const std::string& character : characters) {
    for (std::size_t before = 0; before < 20; ++before) {
      const std::string text = std::string(before, 'x') + character;
      CAPTURE(text);
      CHECK(IsUtf8(text));
      CHECK(IsUtf8(text + "yz"));
      for (std::size_t cut = 1; cut < character.size(); ++cut) {
        CHECK_FALSE(IsUtf8(text.substr(0, text.size() - cut)));
        CHECK_FALSE(IsUtf8(text.substr(0, text.size() - cut) + "y"));
      }
    }
  }
  CHECK(IsUtf8(""));
}

TEST_CASE("overlong forms, surrogates and what lies beyond Unicode are not UTF-8") {
  for (const char* text : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
                           "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    CHECK_FALSE(IsUtf8(text));
  }
}

}  // namespace pennon::base
