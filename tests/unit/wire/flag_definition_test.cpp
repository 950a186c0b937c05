#include "wire/flag_definition.h"

#include <doctest/doctest.h>

#include "wire/json.h"
#include "wire/native_document.h"

namespace pennon::wire {
namespace {

std::string ErrorOf(const std::string& definition) {
  const auto flag = ReadFlag("f", *ReadJson(definition));
  return flag ? "" : flag.error().Message();
}
// A flag whose one rule is `rule`.
std::string RuleError(const std::string& rule) {
  return ErrorOf(R"({"type":"boolean","variants":[],"rules":[)" + rule + "]}");
}
template <typename Definitions>
std::string Keys(const Definitions& definitions) {
  std::string keys;
  for (const auto& one : definitions) {
    if constexpr (requires { one.key; }) {
      keys += one.key + ' ' + one.error.Message() + '\n';
    } else {
      keys += one->key + '\n';
    }
  }
  return keys;
}

}  // namespace

TEST_CASE("a mistake in a definition names its path and what was expected") {
  CHECK(ErrorOf("[]") == "is an array, expected an object");
  CHECK(ErrorOf("{}") == "type: is missing, expected a string");
  CHECK(ErrorOf(R"({"type":"colour"})").find("type: is \"colour\", expected boolean") == 0);
  CHECK(ErrorOf(R"({"type":"boolean","variants":[{"key":"a"}]})") ==
        "variants[0].value: is missing");
  CHECK(ErrorOf(R"({"type":"boolean","variants":[],"enabled":1})") ==
        "enabled: is 1, expected true or false");
  CHECK(ErrorOf(R"({"type":"boolean","enabld":true})")
            .find("enabld: is not known here; known are type") == 0);
  CHECK(RuleError("{}") == "rules[0].serve: is missing");
  CHECK(RuleError(R"({"serve":{"variant":"a","off":true}})") ==
        "rules[0].serve: expected exactly one of variant, split, jsonlogic, off, codeDefault");
  CHECK(RuleError(R"({"serve":{"off":false}})") == "rules[0].serve.off: is false, expected true");
  CHECK(RuleError(R"({"when":{"any":[{"attr":"a","op":"sounds"}]},"serve":{"off":true}})") ==
        "rules[0].when.any[0].op: \"sounds\" is not an operator that this version knows");
  CHECK(RuleError(R"({"serve":{"split":{"weights":[{"variant":"a","weight":1.5}]}}})")
            .find("rules[0].serve.split.weights[0].weight: is a number, expected a whole number") ==
        0);
}

TEST_CASE("milliseconds of an instant are whole, however they are written") {
  CHECK(RuleError(R"({"window":{"from":1767225600000.5},"serve":{"off":true}})")
            .find("expected an instant") != std::string::npos);
  CHECK(RuleError(R"({"window":{"from":1767225600000.0},"serve":{"off":true}})").empty());
  CHECK(
      RuleError(R"({"window":{"from":1e300},"serve":{"off":true}})").find("expected an instant") !=
      std::string::npos);
}

TEST_CASE("a percentage is exact to a thousandth") {
  const auto gate = [](const std::string& percent) {
    const auto flag = ReadFlag("f", *ReadJson(R"({"type":"boolean","rules":[{"gate":{"percent":)" +
                                              percent + R"(},"serve":{"off":true}}]})"));
    return flag ? static_cast<int>((*flag)->rules[0].gate->to) : -1;
  };
  CHECK(gate("0") == 0);
  CHECK(gate("100") == 100'000);
  CHECK(gate("0.001") == 1);
  CHECK(gate("33.333") == 33'333);
  CHECK(gate("0.0001") == -1);
  CHECK(gate("100.001") == -1);
  CHECK(gate("-1") == -1);
  CHECK(gate("\"5\"") == -1);
}

TEST_CASE("a document means the same whether its definitions are read on the way or afterwards") {
  for (const char* text :
       {R"({"flags":{"b":{"type":"boolean"},"a":{"type":"string"},"c":null},"environment":"e"})",
        R"({"environment":"e","flags":{"a":{}},"segments":{"t":{},"s":{"when":{}}},"revision":3})",
        R"({"environment":"e","flags":{"a":{}},"segments":[{"s":{}}]})",
        R"({"environment":"e","flags":{"a":{}},"flgs":{"a":{"type":"boolean"}}})"}) {
    CAPTURE(text);
    const auto on_the_way = ReadNativeDocument(text);
    const auto afterwards = ReadNativeValue(*ReadJson(text));
    REQUIRE(on_the_way.has_value() == afterwards.has_value());
    if (!on_the_way) {
      CHECK(on_the_way.error().Message() == afterwards.error().Message());
      continue;
    }
    CHECK(on_the_way->revision == afterwards->revision);
    CHECK(Keys(on_the_way->flags) == Keys(afterwards->flags));
    CHECK(Keys(on_the_way->segments) == Keys(afterwards->segments));
    CHECK(Keys(on_the_way->broken_flags) == Keys(afterwards->broken_flags));
    CHECK(Keys(on_the_way->broken_segments) == Keys(afterwards->broken_segments));
  }
}

TEST_CASE("a document keeps what it can read and says what it cannot") {
  const auto set = ReadNativeDocument(
      R"({"environment":"e","flags":{"good":{"type":"boolean"},"bad":7},"segments":{"s":{"when":{}}}})");
  REQUIRE(set);
  CHECK(set->flags.size() == 1);
  REQUIRE(set->broken_flags.size() == 1);
  CHECK(set->broken_flags[0].key == "bad");
  CHECK(set->broken_segments.size() == 1);
  for (const char* text :
       {"{}", "[]", "null", R"({"environment":"e"})", R"({"flags":{}})",
        R"({"environment":"e","flags":[]})", R"({"environment":"e","flags":{},"flgs":1})"}) {
    CAPTURE(text);
    CHECK_FALSE(ReadNativeDocument(text).has_value());
  }
}

}  // namespace pennon::wire
