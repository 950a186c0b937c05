#include "wire/json_position.h"

#include <doctest/doctest.h>

#include <string>

namespace pennon::wire {
namespace {

constexpr std::string_view kText = R"({"flags": {
  "a.b": {"rules": [1, {"when": "x"}, ["p", -2.5 ,true]]},
  "a": {"k\"q": null}
}})";

std::string At(std::string_view path) {
  const TextPosition position = FindJsonPosition(kText, path);
  return std::to_string(position.line) + ':' + std::to_string(position.column);
}

}  // namespace

TEST_CASE("a path leads to its key or element, or to the innermost one that is there") {
  CHECK(At("flags") == "1:2");
  CHECK(At("flags.a.b") == "2:3");
  CHECK(At("flags.a.b.rules[0]") == "2:21");
  CHECK(At("flags.a.b.rules[1]") == "2:24");
  CHECK(At("flags.a.b.rules[1].when") == "2:25");
  CHECK(At("flags.a.b.rules[1].when.all[3]") == "2:25");
  CHECK(At("flags.a.b.rules[2][0]") == "2:40");
  CHECK(At("flags.a.b.rules[2][1]") == "2:45");
  CHECK(At("flags.a.b.rules[2][2]") == "2:51");
  CHECK(At("flags.a") == "3:3");
  CHECK(At("flags.a.kind") == "3:3");
  CHECK(At("flags.c") == "1:2");
  CHECK(At("nothing") == "1:1");
  CHECK(At("") == "1:1");
}

TEST_CASE("a text that is cut off anywhere has positions as well") {
  for (std::size_t size = 0; size < kText.size(); ++size) {
    const std::string text(kText.substr(0, size));
    const TextPosition position = FindJsonPosition(text, "flags.a.b.rules[2][1]");
    CHECK(position.line >= 1);
    CHECK(position.column >= 1);
  }
}

}  // namespace pennon::wire
