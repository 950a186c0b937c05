// Texts that somebody made to do harm, or that were cut and mixed on the way: refused whole, or
// read exactly.
#include <doctest/doctest.h>

#include <string>

#include "wire/document.h"
#include "wire/json.h"

namespace pennon::wire {
namespace {

bool IsRefused(const std::string& text) {
  return !ReadDocument(text, {}).has_value();
}
std::string FlagWithValue(const std::string& value) {
  return R"({"environment":"e","flags":{"f":{"type":"number","variants":[{"key":"a","value":)" +
         value + "}]}}}";
}

}  // namespace

TEST_CASE("what is no flag set is refused whole") {
  for (const char* text :
       {"", "{}", "null", "[]", "\"x\"", "<html></html>", R"({"flags":{}})",
        R"({"environment":"e","flags":[]})", R"({"environment":"e","flags":null})",
        R"({"environment":"e","flags":{},"error":"quota"})",
        R"({"environment":"e","flags":{},"quotaLimited":["x"]})",
        R"({"environment":"e","flags":{},"revision":-1})",
        R"({"environment":"e","flags":{},"revision":"7"})",
        R"({"environment":"e","flags":{},"revision":9223372036854775808})",
        R"({"environment":"e","flags":{}} x)", R"({"environment":"e","flags":{})"}) {
    CHECK_MESSAGE(IsRefused(text), text);
  }
  CHECK_FALSE(IsRefused(R"({"environment":"e","flags":{}})"));
}

TEST_CASE("a key that is given twice is refused at every level") {
  for (const char* text :
       {R"({"environment":"e","flags":{},"flags":{}})",
        R"({"environment":"e","flags":{"a":{},"a":{}}})",
        R"({"environment":"e","flags":{"a":{"type":"boolean","type":"string"}}})",
        R"({"environment":"e","flags":{"a":{"metadata":{"x":1,"\u0078":2}}}})",
        R"({"environment":"e","flags":{"a":{"rules":[{"id":"1","id":"1"}]}}})"}) {
    CHECK_MESSAGE(IsRefused(text), text);
  }
}

TEST_CASE("nesting of any depth is refused without recursion") {
  for (const std::size_t depth : {65U, 1'000U, 100'000U, 1'000'000U}) {
    CHECK(IsRefused(FlagWithValue(std::string(depth, '[') + std::string(depth, ']'))));
    std::string objects;
    for (std::size_t i = 0; i < depth; ++i) objects += R"({"a":)";
    CHECK(IsRefused(FlagWithValue(objects)));
  }
}

TEST_CASE("text that is not UTF-8 is refused, and what is gets through unchanged") {
  const auto with_key = [](const std::string& key) {
    return R"({"environment":"e","flags":{")" + key + R"(":{}}})";
  };
  for (const char* bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe6\x97",
                          R"(\ud800)", R"(\udc00\ud800)", R"(a\u0000b)"}) {
    CHECK_MESSAGE(IsRefused(with_key(bad)), bad);
  }
  CHECK(IsRefused("\xef\xbb\xbf" + with_key("a")));
  for (const char* good : {"\u202e"
                           "abc",
                           "e\u0301", "😀"}) {
    const auto document = ReadDocument(with_key(good), {});
    REQUIRE(document);
    CHECK(document->set.broken_flags.front().key == good);
  }
}

TEST_CASE("numbers are exact or refused") {
  for (const char* bad : {"NaN", "Infinity", "-Infinity", "1e309", "18446744073709551616",
                          "9223372036854775808", "01", "1.", ".5", "+1", "0x10"}) {
    CHECK_MESSAGE(IsRefused(FlagWithValue(bad)), bad);
  }
  CHECK(IsRefused(FlagWithValue(std::string(1000, '1'))));
  const auto value_of = [](const char* text) {
    return ReadDocument(FlagWithValue(text), {})->set.flags.front()->variants.front().value;
  };
  CHECK(*value_of("9007199254740993").AsInt() == 9007199254740993);
  CHECK(*value_of("-9223372036854775808").AsInt() == INT64_MIN);
  CHECK(*value_of("1E5").AsDouble() == 1e5);
  CHECK(*value_of("0.1").AsDouble() == 0.1);
  CHECK(*value_of("-0").AsInt() == 0);
}

TEST_CASE("every member of a flag may be of any type without harm") {
  const char* const members[] = {"type",    "variants",      "enabled", "kill",  "offVariant",
                                 "targets", "prerequisites", "rules",   "salt",  "default",
                                 "schema",  "metadata",      "tags",    "owner", "surprise"};
  for (const char* member : members) {
    for (const char* value : {"null", "true", "0", "-1", "1.5", "\"x\"", "[]", "[null]", "[[]]",
                              "[{}]", "{}", R"({"":null})", R"({"a":[1]})"}) {
      const std::string text = std::string(R"({"environment":"e","flags":{"f":{")") + member +
                               "\":" + value + R"(},"good":{"type":"boolean","variants":
        [{"key":"on","value":true}]}}})";
      const auto document = ReadDocument(text, {});
      REQUIRE_MESSAGE(document.has_value(), text);
      CHECK(document->set.flags.size() + document->set.broken_flags.size() == 2);
      CHECK_FALSE(document->set.flags.empty());
    }
  }
}

}  // namespace pennon::wire
