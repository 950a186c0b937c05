#include "engine/value_schema.h"

#include "engine/limits.h"
#include "tests/unit/engine/engine_fixture.h"
#include "wire/json.h"

namespace pennon::test {
namespace {

// What a flag whose only variant has `value` is told: "" when it is fine.
std::string Told(const std::string& schema, const std::string& value) {
  return Attached(R"({"f":{"type":"object","schema":)" + schema +
                  R"(,"variants":[{"key":"a","value":)" + value + "}]}}")
      .Diagnostic();
}
bool Fits(const std::string& schema, const std::string& value) {
  const std::string told = Told(schema, value);
  CHECK_MESSAGE((told.empty() || told.starts_with("flags.f.variants[0].value")), told);
  return told.empty();
}
// Values of any type, inside an array.
bool ItemFits(const std::string& schema, const std::string& value) {
  return Fits("{\"items\":" + schema + '}', '[' + value + ']');
}

}  // namespace

TEST_CASE("each keyword of a schema takes what it should and refuses the rest") {
  struct Row {
    const char* schema;
    std::vector<const char*> fits;
    std::vector<const char*> does_not;
  };
  const std::vector<Row> rows = {
      {"true", {"1", "null"}, {}},
      {"false", {}, {"1", "null"}},
      {"{}", {"1", "null", "[]"}, {}},
      {R"({"type":"integer"})", {"1", "1.0", "-5"}, {"1.5", "\"1\"", "null", "true", "1e300"}},
      {R"({"type":"number"})", {"1", "1.5"}, {"\"1\"", "[]"}},
      {R"({"type":["string","null"]})", {"\"\"", "null"}, {"1", "{}"}},
      {R"({"type":"boolean"})", {"true"}, {"0"}},
      {R"({"type":"array"})", {"[]"}, {"{}"}},
      {R"({"type":"object"})", {"{}"}, {"[]"}},
      {R"({"const":1})", {"1", "1.0"}, {"2", "\"1\"", "true"}},
      {R"({"const":{"a":[1],"b":null}})", {R"({"b":null,"a":[1.0]})"}, {"{}", R"({"a":[1]})"}},
      {R"({"enum":["a",1,null]})", {"\"a\"", "1", "null"}, {"\"b\"", "true", "[]"}},
      {R"({"minimum":1,"maximum":2})", {"1", "2", "1.5", "\"x\""}, {"0", "3", "0.999"}},
      {R"({"exclusiveMinimum":1,"exclusiveMaximum":2})", {"1.5"}, {"1", "2"}},
      {R"({"minimum":9007199254740993})", {"9007199254740993"}, {"9007199254740992"}},
      {R"({"minLength":2,"maxLength":3})", {"\"ab\"", "\"日本語\"", "1"}, {"\"é\"", "\"abcd\""}},
      {R"({"pattern":"^a+$"})", {"\"aa\"", "1"}, {"\"ab\"", "\"\""}},
      {R"({"minItems":1,"maxItems":2})", {"[1]", "[1,2]", "{}"}, {"[]", "[1,2,3]"}},
      {R"({"items":{"type":"string"}})", {"[]", "[\"a\"]", "1"}, {"[\"a\",1]"}},
      {R"({"properties":{"a":{"type":"string"}}})", {"{}", R"({"a":"x","b":1})"}, {R"({"a":1})"}},
      {R"({"required":["a"]})", {R"({"a":null})", "[]"}, {"{}", R"({"b":1})"}},
      {R"({"properties":{"a":true},"additionalProperties":false})", {R"({"a":1})"}, {R"({"b":1})"}},
      {R"({"additionalProperties":{"type":"integer"}})", {R"({"b":1})"}, {R"({"b":"x"})"}},
      {R"({"minProperties":1,"maxProperties":1})", {R"({"b":1})"}, {"{}", R"({"a":1,"b":1})"}},
      {R"({"$schema":"s","title":"t","description":"d","default":1,"examples":[],"$comment":""})",
       {"1"},
       {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.schema);
    for (const char* value : row.fits) CHECK_MESSAGE(ItemFits(row.schema, value), value);
    for (const char* value : row.does_not) CHECK_FALSE_MESSAGE(ItemFits(row.schema, value), value);
  }
}

TEST_CASE("a schema that is wrong names its place, and only objects have one") {
  const auto wrong = [](const std::string& schema, const std::string& place) {
    const std::string told = Told(schema, "{}");
    CHECK_MESSAGE(told.starts_with("flags.f.schema" + place + ": "), told);
  };
  wrong("1", "");
  wrong("[]", "");
  wrong(R"({"type":"text"})", ".type");
  wrong(R"({"type":[]})", ".type");
  wrong(R"({"enum":[]})", ".enum");
  wrong(R"({"minimum":"1"})", ".minimum");
  wrong(R"({"minLength":-1})", ".minLength");
  wrong(R"({"required":"a"})", ".required");
  wrong(R"({"properties":[]})", ".properties");
  wrong(R"({"properties":{"a":{"items":[]}}})", ".properties.a.items");
  wrong(R"({"pattern":"("})", ".pattern");
  for (const char* keyword : {"$ref", "anyOf", "oneOf", "not", "$id", "format", "tpye"}) {
    wrong(R"({")" + std::string(keyword) + R"(":{}})", '.' + std::string(keyword));
  }
  const Attached set(R"({"f":{"type":"string","schema":{},"variants":[{"key":"a","value":"x"}]}})");
  CHECK(set.Diagnostic() == "flags.f.schema: is only for flags of type object");
}

TEST_CASE("the place inside the value and what was asked for are named") {
  CHECK(Told(R"({"properties":{"a":{"items":{"maximum":3}}}})", R"({"a":[1,5]})") ==
        "flags.f.variants[0].value.a[1]: is 5, at most 3 is asked for by the flag's schema");
  CHECK(Told(R"({"required":["a"]})", "{}") ==
        "flags.f.variants[0].value.a: is missing, and asked for by the flag's schema");
}

TEST_CASE("patterns of a schema are limited") {
  const auto with = [](std::size_t count) {
    std::string properties;
    for (std::size_t i = 0; i < count; ++i) {
      properties += (i == 0 ? "\"" : ",\"") + std::to_string(i) + R"(":{"pattern":"a"})";
    }
    return Told("{\"properties\":{" + properties + "}}", "{}");
  };
  CHECK(with(engine::kMaxSchemaPatterns) == "");
  CHECK(with(engine::kMaxSchemaPatterns + 1) != "");
}

TEST_CASE("a schema that would be checked for minutes is refused after a bounded number of steps") {
  std::string ones = "0";
  for (int i = 1; i < 20'000; ++i) ones += ',' + std::to_string(i);
  const std::string told = Told(R"({"items":{"enum":[)" + ones + "]}}", '[' + ones + ']');
  CHECK_MESSAGE(told.starts_with("flags.f.schema: takes more than"), told);
}

}  // namespace pennon::test
