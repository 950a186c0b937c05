#include "wire/flagd_document.h"

#include <doctest/doctest.h>

#include "wire/document.h"
#include "wire/json.h"
#include "wire/limits.h"

namespace pennon::test {
namespace {

struct Translated {
  std::string native;  // or "!" and the error
  std::string diagnostics;
};

Translated Translate(std::string_view text, int fractional = 2) {
  const auto document = wire::ReadJson(text);
  REQUIRE_MESSAGE(document.has_value(), (document ? "" : document.error().Message()));
  std::vector<model::Diagnostic> diagnostics;
  const auto native = wire::FlagdToNative(
      *document, {wire::DocumentFormat::kFlagd, "test", fractional}, diagnostics);
  Translated translated;
  if (native) {
    AppendJson(translated.native, *native->Find("flags"));
  } else {
    translated.native = '!' + native.error().Message();
  }
  for (const auto& diagnostic : diagnostics) {
    translated.diagnostics += diagnostic.error.Message() + '\n';
  }
  return translated;
}

// A document of one flag `f` with these members and on/off.
std::string OneFlag(const std::string& members) {
  return R"({"flags":{"f":{"state":"ENABLED","variants":{"on":true,"off":false})" +
         (members.empty() ? "" : ',' + members) + "}}}";
}
std::string Targeting(const std::string& rule) {
  return Translate(OneFlag("\"targeting\":" + rule)).diagnostics;
}

constexpr const char* kOnOff =
    R"("variants":[{"key":"on","value":true},{"key":"off","value":false}],"enabled":true)";

}  // namespace

TEST_CASE("a flagd flag becomes a native one, its targeting a rule of JSONLogic") {
  CHECK(Translate(OneFlag(R"("defaultVariant":"on","targeting":{"if":[true,"on"]})")).native ==
        std::string(R"({"f":{"type":"boolean",)") + kOnOff +
            R"(,"rules":[{"id":"targeting","serve":{"jsonlogic":{"if":[true,"on"]}}}],)" +
            R"("default":{"variant":"on"}}})");
  CHECK(Translate(OneFlag(R"("targeting":{"var":"x"})"), 3).native.find(R"("fractional":3)") !=
        std::string::npos);
}

TEST_CASE("no targeting and no default variant have several spellings") {
  const std::string plain = std::string(R"({"f":{"type":"boolean",)") + kOnOff + "}}";
  for (const char* members : {"", R"("defaultVariant":null)", R"("defaultVariant":"")",
                              R"("targeting":{})", R"("targeting":null)"}) {
    const auto translated = Translate(OneFlag(members));
    CHECK(translated.native == plain);
    CHECK(translated.diagnostics.empty());
  }
}

TEST_CASE("the type is that of all variants") {
  const auto type = [](const std::string& variants) {
    const auto translated =
        Translate(R"({"flags":{"f":{"state":"ENABLED","variants":)" + variants + "}}}");
    return translated.diagnostics + translated.native.substr(0, 24);
  };
  CHECK(type(R"({"a":"x"})").find("string") != std::string::npos);
  CHECK(type(R"({"a":1,"b":2})").find("integer") != std::string::npos);
  CHECK(type(R"({"a":1,"b":2.5})").find("number") != std::string::npos);
  CHECK(type(R"({"a":{},"b":{"c":1}})").find("object") != std::string::npos);
  CHECK(type(R"({"a":1,"b":"2"})") == "flags.f.variants: are not all of one type\n{\"f\":null}");
  CHECK(type("{}") == "flags.f.variants: is empty, expected at least one\n{\"f\":null}");
}

TEST_CASE("metadata of the set lies under that of the flag") {
  const auto translated = Translate(
      R"({"metadata":{"flagSetId":"s","version":"1","n":null},"flags":{"f":{"state":"DISABLED",
      "variants":{"a":"b"},"metadata":{"version":2,"x":[1],"pennon.kind":"y"}}}})");
  CHECK(translated.native.find(R"("metadata":{"flagSetId":"s","version":2})") != std::string::npos);
  CHECK(translated.native.find(R"("enabled":false)") != std::string::npos);
  CHECK(translated.diagnostics ==
        "flags.f.metadata.x: is an array, expected a string, a number or a boolean\n"
        "flags.f.metadata.pennon.kind: is left out: names that begin with \"pennon.\" are "
        "pennon's own\n");
}

TEST_CASE("references to evaluators are replaced once; unknown ones stay") {
  const auto translated = Translate(
      R"({"$evaluators":{"a":{"in":["x",{"var":"e"}]},"b":{"!":[{"$ref":"a"}]}},"flags":{"f":{
      "state":"ENABLED","variants":{"on":true},"targeting":{"if":[{"$ref":"a"},{"$ref":"b"},
      {"$ref":"c"}]}}}})");
  CHECK(translated.native.find(R"({"if":[{"in":["x",{"var":"e"}]},{"!":[{"$ref":"a"}]},)"
                               R"({"$ref":"c"}]})") != std::string::npos);
}

TEST_CASE("evaluators cannot make a small document a large one") {
  std::string list = "0";
  for (int i = 1; i < 1000; ++i) list += ",0";
  std::string references = R"({"$ref":"a"})";
  for (std::size_t i = 1; i <= wire::kMaxEvaluatorNodes / 1000; ++i) {
    references += R"(,{"$ref":"a"})";
  }
  const auto translated =
      Translate(R"({"$evaluators":{"a":{"or":[)" + list + R"(]}},"flags":{"f":{"state":"ENABLED",
      "variants":{"on":true},"targeting":{"or":[)" +
                references + "]}}}}");
  CHECK(translated.native == R"({"f":null})");
  CHECK(translated.diagnostics == "flags.f.targeting: $evaluators make the document too large\n");
}

TEST_CASE("metadata of the set cannot make a small document a large one") {
  const auto read = [](std::size_t bytes) {
    std::string flags;
    for (int i = 0; i < 1024; ++i) {
      flags += (i == 0 ? "" : ",") + ("\"f" + std::to_string(i)) + R"(":{"state":"ENABLED"})";
    }
    // {"m":"…"}
    return wire::ReadDocument(
        R"({"metadata":{"m":")" + std::string(bytes - 8, 'x') + R"("},"flags":{)" + flags + "}}",
        {wire::DocumentFormat::kFlagd, "e"});
  };
  CHECK(read(wire::kMaxRepeatedBytes / 1024));
  const auto refused = read(wire::kMaxRepeatedBytes / 1024 + 1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().where() == "metadata");
}

TEST_CASE("a default variant that is none refuses the whole document") {
  CHECK(Translate(OneFlag(R"("defaultVariant":"x")")).native ==
        "!flags.f.defaultVariant: there is no variant \"x\"");
  CHECK(Translate("[]").native == "!is an array, expected an object");
  CHECK(Translate("{}").native == "!flags: is missing");
  CHECK(Translate(R"({"flags":1})").native ==
        "!flags: is a whole number, expected an object or an array");
}

TEST_CASE("flags may be an array, each key once") {
  const std::string flag = R"({"key":"f","state":"ENABLED","variants":{"on":true}})";
  CHECK(Translate(R"({"flags":[)" + flag + "]}").native.starts_with(R"({"f":{"type":"boolean")"));
  CHECK(Translate(R"({"flags":[)" + flag + ',' + flag + "]}").native.starts_with("!flags[1].key:"));
  CHECK(Translate(R"({"flags":[{"state":"ENABLED"}]})").native.starts_with("!flags[0].key:"));
}

TEST_CASE("a flag that cannot be read is broken alone, and says why") {
  const auto document = wire::ReadDocument(
      R"({"flags":{"good":{"state":"ENABLED","variants":{"a":1}},
      "bad":{"state":"ON","variants":{"a":1}},"none":7}})",
      {wire::DocumentFormat::kFlagd, "test", 2});
  REQUIRE(document);
  CHECK(document->set.flags.size() == 1);
  REQUIRE(document->set.broken_flags.size() == 2);
  CHECK(document->set.broken_flags[0].error.Message() ==
        "state: expected \"ENABLED\" or \"DISABLED\"");
  CHECK(document->set.broken_flags[1].error.Message() == "is a whole number, expected an object");
  CHECK(document->diagnostics.empty());
}

TEST_CASE("a disabled flag stays disabled whatever its targeting says") {
  const auto translated = Translate(
      R"({"flags":{"f":{"state":"DISABLED","variants":{"a":1},"targeting":{"nope":1}}}})");
  CHECK(translated.native.find("rules") == std::string::npos);
  CHECK(translated.diagnostics == "flags.f.targeting: has an operator that is not known\n");
}

TEST_CASE("what flagd's schema forbids in targeting has a diagnostic that names the place") {
  CHECK(Targeting(R"({"if":[{"==":[1]},"on"]})") ==
        "flags.f.targeting.if[0].==: has 1 arguments, expected 2\n");
  CHECK(Targeting(R"({"<":[1,2,3,4]})") ==
        "flags.f.targeting.<: has 4 arguments, expected 2 or 3\n");
  CHECK(Targeting(R"({"or":true})") ==
        "flags.f.targeting.or: is a boolean, expected an array of arguments\n");
  CHECK(Targeting(R"({"!":{"var":"$flagd.x"}})").starts_with("flags.f.targeting.!.var: "));
  CHECK(Targeting(R"({"missing_some":["1",["a"]]})") ==
        "flags.f.targeting.missing_some[0]: expected a number\n");
  CHECK(Targeting(R"({"starts_with":[{"var":"a"},0]})")
            .starts_with("flags.f.targeting.starts_with[1]: "));
  CHECK(Targeting(R"({"sem_ver":[{"var":"a"},"*","1.0.0.0"]})") ==
        "flags.f.targeting.sem_ver[2]: expected a semantic version or a rule\n"
        "flags.f.targeting.sem_ver[1]: expected one of = != > < >= <= ~ ^\n");
  CHECK(Targeting(R"({"fractional":["k",["on",-1]]})") ==
        "flags.f.targeting.fractional[0]: is a string, expected an array of arguments\n"
        "flags.f.targeting.fractional[1][1]: expected a whole number, 0 or more, or a rule\n");
  CHECK(Targeting("\"on\"") == "flags.f.targeting: is a string, expected an object\n");
  CHECK(Targeting(R"({"fractional":[["on",{"-":[1,{"var":"$flagd.timestamp"}]}],["off",2.0]]})")
            .empty());
}

TEST_CASE("the compiler's paths lead back into the flagd document") {
  CHECK(wire::FlagdPath("flags.a.rules[0].serve.jsonlogic.if[1]") == "flags.a.targeting.if[1]");
  CHECK(wire::FlagdPath("flags.a.variants") == "flags.a.variants");
}

}  // namespace pennon::test
