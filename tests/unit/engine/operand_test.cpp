// What a leaf condition may not name, and how the error says so.
#include "engine/operand.h"

#include "engine/limits.h"
#include "engine/regex.h"
#include "tests/unit/engine/engine_fixture.h"

namespace pennon::test {
namespace {

using namespace engine;

std::string FlagOf(const std::string& leaf) {
  return R"({"type":"boolean","variants":[{"key":"on","value":true}],"default":{"variant":"on"},
    "rules":[{"when":{"attr":"a",)" +
         leaf + R"(},"serve":{"variant":"on"}}]})";
}

// The diagnostic of a flag of that one condition, from `when` on.
std::string Wrong(const std::string& leaf) {
  const std::string message = Attached("{\"f\":" + FlagOf(leaf) + '}').Diagnostic();
  const std::string prefix = "flags.f.rules[0].";
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

}  // namespace

TEST_CASE("operands of another type are refused by name") {
  CHECK(Wrong(R"("op":"gt","values":["1"])") ==
        "when.values[0]: is a string, the operator \"gt\" takes numbers");
  CHECK(Wrong(R"("op":"regex","values":["a",1])") ==
        "when.values[1]: is a whole number, the operator \"regex\" takes strings");
  CHECK(Wrong(R"("op":"semverGt","values":[1])") ==
        "when.values[0]: is a whole number, the operator \"semverGt\" takes versions as strings");
  CHECK(Wrong(R"("op":"cidr","values":[true])") ==
        "when.values[0]: is a boolean, the operator \"cidr\" takes addresses as strings");
}

TEST_CASE("operands that do not mean anything are refused with their text") {
  CHECK(Wrong(R"("op":"semverGt","values":["1.2"])") ==
        "when.values[0]: \"1.2\" is no semantic version such as 1.2.3");
  CHECK(Wrong(R"("op":"semverGt","values":["1.2"],"lenient":true)") == "");
  CHECK(Wrong(R"("op":"cidr","values":["10.0.0.0/33"])") ==
        "when.values[0]: \"10.0.0.0/33\" is no IP address or range such as 10.0.0.0/8");
  CHECK(Wrong(R"("op":"type","values":["text"])") ==
        "when.values[0]: \"text\" is no boolean, number, string, array or object");
  CHECK(Wrong(R"("op":"before","values":["2027-02-29T00:00:00Z"])") ==
        "when.values[0]: is a string, the operator \"before\" takes instants such as "
        "\"2027-01-31T12:00:00Z\", or milliseconds since 1970");
  CHECK(Wrong(R"("op":"regex","values":["(?=x"])")
            .starts_with("when.values[0]: is no regular expression of RE2: "));
}

TEST_CASE("options have a meaning for their operators only") {
  CHECK(Wrong(R"("op":"gt","values":[1],"ignoreCase":true)") ==
        "when.ignoreCase: the operator \"gt\" does not compare text");
  CHECK(Wrong(R"("op":"in","values":["a"],"lenient":true)") ==
        "when.lenient: the operator \"in\" does not compare versions");
  CHECK(Wrong(R"("op":"isNull","values":[1])") ==
        "when.values: the operator \"isNull\" takes no values");
}

TEST_CASE("a pattern that would take a backtracking engine for ever ends at once") {
  const Attached set("{\"f\":" + FlagOf(R"("op":"regex","values":["^(a+)+$"])") + '}');
  client::Context context;
  context.Set("a", std::string(100'000, 'a') + 'b');
  CHECK(set.Ask("f", context).kind == model::MatchKind::kFallthrough);
}

TEST_CASE("the length and the number of patterns are limited") {
  CHECK(Wrong(R"("op":"regex","values":[")" + std::string(kMaxPatternBytes, 'x') + "\"]") == "");
  CHECK(Wrong(R"("op":"regex","values":[")" + std::string(kMaxPatternBytes + 1, 'x') + "\"]") ==
        "when.values[0]: is longer than 1024 bytes");
  const auto with = [](std::size_t count) {
    std::string values;
    for (std::size_t i = 0; i < count; ++i)
      values += (i == 0 ? "\"p" : ",\"p") + std::to_string(i) + '"';
    return engine::Compile(
               ReadSet("{\"f\":" + FlagOf(R"("op":"regex","values":[)" + values + ']') + '}'))
        .has_value();
  };
  CHECK(with(kMaxPatterns));
  CHECK_FALSE(with(kMaxPatterns + 1));
}

TEST_CASE(
    "a pattern that is too large only when it ignores case is refused, not compiled to nothing") {
  const std::string leaf = R"("op":"regex","values":["(?:)" + std::string(50, 'k') + "){361}\"]";
  CHECK(Wrong(leaf) == "");
  CHECK(Wrong(leaf + R"(,"ignoreCase":true)")
            .starts_with("when.values[0]: is no regular expression of RE2: pattern too large"));
}

TEST_CASE("a pattern that does not compile matches nothing") {
  const engine::Regexes regexes({"(", "a"});
  CHECK(regexes.Finds(0, "(") == false);
  CHECK(regexes.Finds(1, "bab") == true);
}

TEST_CASE("a new revision takes the compiled patterns of the old one over") {
  const auto flags = [](const std::string& patterns) {
    return R"({"f":{"type":"boolean","variants":[{"key":"on","value":true}],
      "rules":[{"when":{"attr":"a","op":"regex","values":[)" +
           patterns + R"(]},"serve":{"variant":"on"}}]}})";
  };
  const Attached old(flags(R"("^x","y$")"));
  const auto compiled = engine::Compile(ReadSet(flags(R"("new","y$")")));
  const auto next = engine::Snapshot::Attach(compiled->image, &old.snapshot);
  REQUIRE(next.has_value());
  CHECK(next->view().regexes->At(1) == old.snapshot.view().regexes->At(1));
  CHECK(next->view().regexes->At(0) != old.snapshot.view().regexes->At(0));
  client::Context context;
  context.Set("a", "a new one");
  CHECK(engine::Evaluate(*next, "f", context.view(), {}).has_value);
}

}  // namespace pennon::test
