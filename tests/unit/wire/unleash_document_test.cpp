// Unleash's format beyond what its own specification has: order and removal of events, and that one
// bad definition takes nothing else with it.
#include <doctest/doctest.h>

#include "wire/document.h"

namespace pennon::wire {
namespace {

struct Read {
  explicit Read(const std::string& body) {
    auto native = ReadAsNative(body, {.format = DocumentFormat::kUnleash}, diagnostics);
    REQUIRE_MESSAGE(native.has_value(), (native ? "" : native.error().Message()));
    document = std::move(*native);
  }
  [[nodiscard]] const model::Value* Flag(std::string_view name) const {
    return document.Find("flags")->Find(name);
  }
  [[nodiscard]] std::string Json(std::string_view flag, std::string_view member) const {
    std::string json;
    const model::Value* found = Flag(flag) == nullptr ? nullptr : Flag(flag)->Find(member);
    if (found != nullptr) AppendJson(json, *found);
    return json;
  }

  std::vector<model::Diagnostic> diagnostics;
  model::Value document;
};

Read Features(const std::string& features) {
  return Read(R"({"version":2,"features":[)" + features + "]}");
}

}  // namespace

TEST_CASE("events count in the order of their numbers, whatever order they come in") {
  const Read read(R"({"events":[
    {"eventId":3,"type":"feature-removed","featureName":"b"},
    {"eventId":4,"type":"feature-updated","feature":{"name":"c","enabled":true}},
    {"eventId":1,"type":"hydration","features":[{"name":"a","enabled":true},
                                                 {"name":"b","enabled":true}],"segments":[]},
    {"eventId":2,"type":"feature-updated","feature":{"name":"a","enabled":false}},
    {"eventId":5,"type":"something-new"}]})");
  CHECK(read.Json("a", "enabled") == "false");
  CHECK(read.Flag("b") == nullptr);
  CHECK(read.Json("c", "enabled") == "true");
  CHECK(read.diagnostics.empty());
}

TEST_CASE("a hydration replaces all that was before it") {
  const Read read(R"({"events":[
    {"eventId":1,"type":"feature-updated","feature":{"name":"old","enabled":true}},
    {"eventId":2,"type":"hydration","features":[{"name":"new","enabled":true}]}]})");
  CHECK(read.Flag("old") == nullptr);
  CHECK(read.Flag("new") != nullptr);
}

TEST_CASE("what has no name is left out with a warning and takes nothing with it") {
  const Read read(R"({"features":[{"enabled":true},{"name":"good","enabled":true}],
                      "segments":[{"name":"no number"}]})");
  CHECK(read.Flag("good") != nullptr);
  REQUIRE(read.diagnostics.size() == 2);
  CHECK(read.diagnostics[0].severity == model::Severity::kWarning);
  CHECK(read.diagnostics[0].error.where() == "features[0].name");
  CHECK(read.diagnostics[1].error.where() == "segments[0].id");
}

TEST_CASE("an unknown strategy or segment is for nobody, other strategies still count") {
  const Read read = Features(R"({"name":"f","enabled":true,"strategies":[
    {"name":"my-own"},{"name":"default","segments":[77]},{"name":"default"}]})");
  CHECK(read.Json("f", "rules") == R"([{"serve":{"variant":"enabled"}}])");
  CHECK(read.Json("f", "default") == R"({"off":true})");
}

TEST_CASE(
    "a feature without strategies is on for everybody, one with only unknown ones for nobody") {
  const Read read = Features(R"({"name":"all","enabled":true,"strategies":[]},
                                {"name":"none","enabled":true,"strategies":[{"name":"my-own"}]})");
  CHECK(read.Json("all", "rules") == R"([{"serve":{"variant":"enabled"}}])");
  CHECK(read.Json("none", "rules") == "[]");
}

TEST_CASE("an unknown operator is for nobody, also when it is inverted") {
  const Read read = Features(R"({"name":"f","enabled":true,"strategies":[{"name":"default",
    "constraints":[{"contextName":"a","operator":"MAYBE","values":["1"],"inverted":true}]}]})");
  CHECK(read.Json("f", "rules").find(R"("op":"in","values":[],"asText":true})") !=
        std::string::npos);
}

TEST_CASE("overrides are rules before the split, under the strategy's conditions") {
  const Read read = Features(R"({"name":"f","enabled":true,"strategies":[{"name":"userWithId",
    "parameters":{"userIds":"7"}}],"variants":[{"name":"a","weight":1},{"name":"b","weight":1,
    "overrides":[{"contextName":"plan","values":["pro"]}]}]})");
  const model::Value* rules = read.Flag("f")->Find("rules");
  REQUIRE(rules->AsArray()->size() == 2);
  std::string first;
  AppendJson(first, rules->AsArray()->front());
  CHECK(first.find(R"("values":["7"])") != std::string::npos);
  CHECK(first.find(R"("values":["pro"])") != std::string::npos);
  CHECK(first.find(R"("serve":{"variant":"b"})") != std::string::npos);
  CHECK(rules->AsArray()->back().Find("serve")->Find("split") != nullptr);
}

TEST_CASE("an event that cannot be read changes nothing and is a warning") {
  const Read read(R"({"events":[
    {"eventId":1,"type":"hydration","features":[{"name":"a","enabled":true}]},
    {"eventId":2,"type":"feature-removed"},{"eventId":3}]})");
  CHECK(read.Flag("a") != nullptr);
  REQUIRE(read.diagnostics.size() == 2);
  CHECK(read.diagnostics[0].error.where() == "events[1].featureName");
  CHECK(read.diagnostics[1].error.where() == "events[2].type");
}

TEST_CASE("parameters are texts: lists are trimmed, percents cut to whole ones of 0 to 100") {
  const Read read = Features(R"({"name":"ids","enabled":true,"strategies":[
      {"name":"userWithId","parameters":{"userIds":" a ,, b"}}]},
    {"name":"cut","enabled":true,"strategies":[
      {"name":"flexibleRollout","parameters":{"rollout":"33.9","groupId":"g"}}]},
    {"name":"much","enabled":true,"strategies":[
      {"name":"flexibleRollout","parameters":{"rollout":"1e9","groupId":"g"}}]},
    {"name":"spaced","enabled":true,"strategies":[
      {"name":"flexibleRollout","parameters":{"rollout":" +40 ","groupId":"g"}}]},
    {"name":"followed","enabled":true,"strategies":[
      {"name":"flexibleRollout","parameters":{"rollout":"100abc","groupId":"g"}}]},
    {"name":"none","enabled":true,"strategies":[
      {"name":"flexibleRollout","parameters":{"rollout":"many","groupId":"g"}}]})");
  CHECK(read.Json("ids", "rules").find(R"("values":["a","b"])") != std::string::npos);
  CHECK(read.Json("cut", "rules").find(R"("percent":33,)") != std::string::npos);
  CHECK(read.Json("much", "rules").find(R"("percent":100,)") != std::string::npos);
  CHECK(read.Json("spaced", "rules").find(R"("percent":40,)") != std::string::npos);
  CHECK(read.Json("followed", "rules").find(R"("percent":0,)") != std::string::npos);
  CHECK(read.Json("none", "rules").find(R"("percent":0,)") != std::string::npos);
}

TEST_CASE("variants of one name with different payloads have keys of their own") {
  const Read read = Features(R"({"name":"f","enabled":true,"strategies":[
    {"name":"default","variants":[{"name":"v","weight":1,"payload":{"type":"string","value":"x"}}]},
    {"name":"default","variants":[{"name":"v","weight":1,"payload":{"type":"string","value":"y"}}]},
    {"name":"default","variants":[{"name":"v","weight":1,"payload":{"type":"string","value":"x"}}]}
    ]})");
  CHECK(
      read.Json("f", "variants") ==
      R"([{"key":"v","value":"x","metadata":{"unleash.payloadType":"string"}},)"
      R"({"key":"v~2","value":"y","metadata":{"unleash.variant":"v","unleash.payloadType":"string"}}])");
}

TEST_CASE("a flag is of the type that all payloads have, else of texts") {
  const auto type_of = [](const std::string& first, const std::string& second) {
    return Features(R"({"name":"f","enabled":true,"variants":[{"name":"a","weight":1)" + first +
                    R"(},{"name":"b","weight":1)" + second + "}]}")
        .Json("f", "type");
  };
  const std::string number = R"(,"payload":{"type":"number","value":"1.50"})";
  const std::string object = R"(,"payload":{"type":"json","value":"{\"a\":1}"})";
  const std::string broken = R"(,"payload":{"type":"json","value":"{"})";
  CHECK(type_of(number, number) == "\"number\"");
  CHECK(type_of(object, object) == "\"object\"");
  CHECK(type_of(number, object) == "\"string\"");
  CHECK(type_of(object, broken) == "\"string\"");
  CHECK(type_of(number, "") == "\"string\"");
}

TEST_CASE("a feature whose parent is missing, or has a parent itself, is never on") {
  const Read read = Features(R"({"name":"top","enabled":true},
    {"name":"child","enabled":true,"dependencies":[{"feature":"top"}]},
    {"name":"grandchild","enabled":true,"dependencies":[{"feature":"child"}]},
    {"name":"orphan","enabled":true,"dependencies":[{"feature":"gone"}]})");
  CHECK(read.Json("child", "enabled") == "true");
  CHECK(read.Json("child", "prerequisites") == R"([{"flag":"top","enabled":true}])");
  CHECK(read.Json("grandchild", "enabled") == "false");
  CHECK(read.Json("orphan", "enabled") == "false");
}

TEST_CASE("a feature that cannot be read is quarantined alone") {
  const auto document = ReadDocument(
      R"({"features":[{"name":"bad","enabled":"yes"},{"name":"good","enabled":true}]})",
      {.format = DocumentFormat::kUnleash});
  REQUIRE(document.has_value());
  CHECK(document->set.flags.size() == 1);
  REQUIRE(document->set.broken_flags.size() == 1);
  CHECK(document->set.broken_flags[0].key == "bad");
  CHECK(document->set.broken_flags[0].error.Message().find("enabled") == 0);
}

TEST_CASE("a body that is none of Unleash's is refused") {
  CHECK_FALSE(ReadDocument("{}", {.format = DocumentFormat::kUnleash}).has_value());
  CHECK_FALSE(ReadDocument(R"({"features":{}})", {.format = DocumentFormat::kUnleash}).has_value());
  CHECK_FALSE(ReadDocument("[]", {.format = DocumentFormat::kUnleash}).has_value());
}

}  // namespace pennon::wire
