#include "engine/compile.h"

#include <algorithm>

#include "tests/unit/engine/engine_fixture.h"

namespace pennon::test {
namespace {

std::string Text(const std::string& value, const std::string& more = "") {
  return R"({"type":"string","variants":[{"key":"v","value":")" + value +
         R"("}],"default":{"variant":"v"})" + more + '}';
}
constexpr const char* kUnknownOperator =
    R"(,"rules":[{"when":{"not":{"attr":"a","op":"of-2030","values":[1]}},"serve":{"variant":"v"}}])";

}  // namespace

TEST_CASE("a diagnostic names the path inside the document") {
  const Attached set(R"({"checkout":{"type":"boolean","variants":[{"key":"on","value":true}],
    "rules":[{"serve":{"variant":"on"}},
             {"serve":{"split":{"weights":[{"variant":"on","weight":0}]}}}]}})");
  CHECK(set.Diagnostic() ==
        "flags.checkout.rules[1].serve.split.weights: sum is 0, expected 1 to 2147483647");
}

TEST_CASE("a quarantined flag keeps the definition in force, others are new") {
  const model::FlagSet before = ReadSet(R"({"a":)" + Text("old") + R"(,"b":)" + Text("old") + '}');
  const model::FlagSet after =
      ReadSet(R"({"a":)" + Text("new", kUnknownOperator) + R"(,"b":)" + Text("new") + R"(,"c":)" +
              Text("c", kUnknownOperator) + '}');
  const Attached set(after, &before);
  CHECK(set.Ask("a").text == "old");
  CHECK(set.Ask("b").text == "new");
  CHECK(set.Ask("c").error == model::EvaluationError::kParseError);
  CHECK(set.compiled.kept_flags == std::vector<std::string>{"a"});
  CHECK(set.compiled.diagnostics.size() == 2);
}

TEST_CASE("a definition in force that needs what is gone does not count any more") {
  const model::FlagSet before = ReadSet(R"({"base":)" + Text("x") + R"(,"a":)" +
                                        Text("old", R"(,"prerequisites":[{"flag":"base"}])") + '}');
  const model::FlagSet after = ReadSet(R"({"a":)" + Text("new", kUnknownOperator) + '}');
  const Attached set(after, &before);
  CHECK(set.Ask("a").error == model::EvaluationError::kParseError);
  CHECK(set.compiled.kept_flags.empty());
}

TEST_CASE("a segment that does not compile keeps its definition, and its flags with it") {
  const std::string flags = R"({"f":{"type":"boolean","variants":[{"key":"on","value":true}],
    "rules":[{"when":{"segment":"s"},"serve":{"variant":"on"}}]}})";
  const model::FlagSet before = ReadSet(flags, R"({"s":{"included":["u"]}})");
  const model::FlagSet after = ReadSet(flags, R"({"s":{"when":{"attr":"a","op":"of-2030"}}})");
  const Attached kept(after, &before);
  CHECK(kept.Ask("f", client::Context("u")).boolean);
  CHECK(kept.compiled.kept_segments == std::vector<std::string>{"s"});
  const Attached without(after);
  CHECK(without.Ask("f", client::Context("u")).error == model::EvaluationError::kParseError);
}

TEST_CASE("a cycle quarantines its members and nobody else, however long it is") {
  for (const int length : {1, 2, 1000}) {
    CAPTURE(length);
    std::string flags = R"({"user":)" + Text("x", R"(,"prerequisites":[{"flag":"c0"}])");
    for (int i = 0; i < length; ++i) {
      flags +=
          ",\"c" + std::to_string(i) + "\":" +
          Text("x", R"(,"prerequisites":[{"flag":"c)" + std::to_string((i + 1) % length) + "\"}]");
    }
    const Attached set(flags + '}');
    CHECK(set.compiled.diagnostics.size() == static_cast<std::size_t>(length));
    CHECK(set.Ask("user").kind == model::MatchKind::kPrerequisiteFailed);
  }
}

TEST_CASE("a diamond of many paths is evaluated within the budget or refused, never for ever") {
  // Each level asks both flags of the level below: 2^15 paths at the top.
  std::string flags = R"({"l0a":)" + Text("x") + R"(,"l0b":)" + Text("x");
  for (int level = 1; level <= 15; ++level) {
    const std::string below = "l" + std::to_string(level - 1);
    for (const char* side : {"a", "b"}) {
      flags += ",\"l" + std::to_string(level) + side + "\":" +
               Text("x", R"(,"prerequisites":[{"flag":")" + below + R"(a"},{"flag":")" + below +
                             "b\"}]");
    }
  }
  const Attached set(flags + '}');
  CHECK(set.compiled.diagnostics.empty());
  CHECK(set.Ask("l15a").has_value);
}

TEST_CASE("the same set compiles to the same bytes, in whatever order it is given") {
  model::FlagSet set =
      ReadSet(R"({"a":)" + Text("1") + R"(,"b":)" + Text("2") + R"(,"c":)" + Text("3") + '}');
  const auto first = engine::Compile(set)->image;
  CHECK(engine::Compile(set)->image == first);
  std::vector<std::shared_ptr<const model::Flag>> flags(set.flags.begin(), set.flags.end());
  std::reverse(flags.begin(), flags.end());
  set.flags = model::Definitions<model::Flag>(flags);
  CHECK(engine::Compile(set)->image == first);
}

TEST_CASE("a key that is defined twice refuses the set") {
  model::FlagSet set = ReadSet(R"({"a":)" + Text("1") + '}');
  set.flags.push_back(set.flags.front());
  const auto compiled = engine::Compile(set);
  REQUIRE(!compiled);
  CHECK(compiled.error().Message() == "flags.a: is defined twice");
}

}  // namespace pennon::test
