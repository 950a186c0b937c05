#include "wire/evaluation_request.h"

#include <doctest/doctest.h>

#include <memory>

#include "wire/limits.h"

namespace pennon::wire {
namespace {

struct Request {
  explicit Request(std::string text, RequestKind kind = RequestKind::kEvaluate)
      : body(std::move(text)), result(ReadEvaluationRequest(body, kind, context, request)) {}
  [[nodiscard]] std::string Error() const { return result ? "" : result.error().Message(); }

  std::string body;
  model::Context context;
  EvaluationRequest request;
  base::Result<void> result;
};

std::string WithElements(std::size_t count) {
  std::string text = R"({"context":{"a":[)";
  for (std::size_t i = 0; i + 1 < count; ++i) text += i == 0 ? "1" : ",1";
  return text + "]}}";
}
std::string Deep(std::size_t depth) {
  return R"({"context":{"a":)" + std::string(depth, '[') + std::string(depth, ']') + "}}";
}

}  // namespace

TEST_CASE("a context is read with its types, nested as it is") {
  const Request r(R"({"context":{"targetingKey":"u","n":9007199254740993,"x":1.0,"t":true,"z":null,
    "o":{"a":[1,{"b":"cé"}],"c":2},"last":"e"}})");
  REQUIRE_MESSAGE(r.result.has_value(), r.Error());
  CHECK(r.context.Find("targetingKey")->text() == "u");
  CHECK(r.context.Find("n")->integer() == 9007199254740993);
  CHECK(r.context.Find("x")->kind() == model::AttributeKind::kDouble);
  CHECK(r.context.Find("z")->kind() == model::AttributeKind::kNull);
  const model::Attribute* object = r.context.Find("o");
  CHECK(model::Context::Member(*object, "c")->integer() == 2);
  CHECK(model::Context::Member(*object, "a")->size() == 4);
  CHECK(r.context.Find("last")->text() == "e");
  CHECK(r.context.Find("a") == nullptr);
}

TEST_CASE("a body that is nested a million deep is refused wherever it is") {
  const std::string deep(1'000'000, '[');
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += R"({"a":)";
  for (const RequestKind kind : {RequestKind::kEvaluate, RequestKind::kOfrep}) {
    for (const std::string& inside : {deep, objects}) {
      CHECK_FALSE(Request(inside, kind).result);
      CHECK_FALSE(Request(R"({"x":)" + inside, kind).result);
      CHECK_FALSE(Request(R"({"context":{"a":)" + inside, kind).result);
      CHECK_FALSE(Request(R"({"flags":)" + inside, kind).result);
      CHECK_FALSE(Request(R"({"defaults":{"a":)" + inside, kind).result);
    }
  }
}

TEST_CASE("flags and defaults are read in all their forms") {
  const Request single(
      R"({"flag":"f","default":{"a":[1,"x\"y",{"b":null}],"c":-2.5},"context":{}})");
  REQUIRE_MESSAGE(single.result.has_value(), single.Error());
  CHECK(single.request.single);
  CHECK(single.request.DefaultFor("f") == R"({"a":[1,"x\"y",{"b":null}],"c":-2.5})");
  const Request several(R"({"flags":["a","b"],"defaults":{"b":true,"a":[[]]}})");
  REQUIRE_MESSAGE(several.result.has_value(), several.Error());
  CHECK(several.request.flags.size() == 2);
  CHECK(several.request.DefaultFor("a") == "[[]]");
  CHECK(several.request.DefaultFor("b") == "true");
  CHECK(several.request.DefaultFor("c") == "");
  const Request twice(R"({"flags":["b"],"defaults":{"c":0,"b":1,"a":2,"b":3,"":4}})");
  REQUIRE_MESSAGE(twice.result.has_value(), twice.Error());
  CHECK(twice.request.DefaultFor("b") == "1");
  CHECK(twice.request.DefaultFor("") == "4");
  CHECK(twice.request.DefaultFor("bb") == "");
  const Request both(R"({"flag":"b","default":1,"default":2,"defaults":{"b":3}})");
  REQUIRE_MESSAGE(both.result.has_value(), both.Error());
  CHECK(both.request.DefaultFor("b") == "1");
  CHECK_FALSE(Request("{}").request.names_flags);
  CHECK(Request(R"({"flags":[]})").request.names_flags);
  CHECK(Request("").result.has_value());
}

TEST_CASE("a mistake names the member, and never quotes the context") {
  CHECK(Request(R"({"context":5})").Error() == "context: expected an object");
  CHECK(Request(R"({"context":"secret"})").Error().find("secret") == std::string::npos);
  CHECK(Request(R"({"context":[1]})").Error() == "context: expected an object");
  CHECK(Request(R"({"flag":7})").Error() == "flag: expected the key of a flag");
  CHECK(Request(R"({"flags":{"a":1}})").Error() == "flags: expected an array of keys of flags");
  CHECK(Request(R"({"flags":[7]})").Error() == "flags: expected an array of keys of flags");
  CHECK(Request(R"({"flag":"a","flags":["b"]})").Error().find("not both") != std::string::npos);
  CHECK(Request(R"({"default":1})").Error().find("default: belongs to") == 0);
  CHECK(Request(R"({"defaults":1})").Error().find("defaults: ") == 0);
  CHECK(Request(R"({"contxt":{}})").Error().find("a member is not known") == 0);
  CHECK(Request("[]").Error() == "expected an object");
  CHECK(Request("7").Error() == "expected an object");
  CHECK(Request(R"({"context":{"a":"secret")").Error().find("body: is not JSON at byte") == 0);
  CHECK(Request(std::string("{}\0 ", 4)).Error().find("NUL") != std::string::npos);
  CHECK_FALSE(Request("{\"context\":{\"a\":\"\xff\"}}").result.has_value());
}

TEST_CASE("OFREP passes over members that it does not know") {
  CHECK(Request(R"({"context":{"a":1},"x":{"y":[1]},"flag":{"deep":[1]}})", RequestKind::kOfrep)
            .result.has_value());
  CHECK(Request("{}", RequestKind::kOfrep).result.has_value());
  CHECK(Request(R"({"context":null})", RequestKind::kOfrep).result.has_value());
}

TEST_CASE("limits are accepted at n and refused at n + 1") {
  CHECK(Request(WithElements(kMaxContextNodes)).Error() == "");
  CHECK(Request(WithElements(kMaxContextNodes + 1)).Error().find("10000") != std::string::npos);
  CHECK(Request(Deep(kMaxContextDepth)).Error() == "");
  CHECK(Request(Deep(kMaxContextDepth + 1)).Error() != "");
  const auto flags = [](std::size_t count) {
    std::string text = R"({"flags":[)";
    for (std::size_t i = 0; i < count; ++i) text += i == 0 ? "\"f\"" : ",\"f\"";
    return Request(text + "]}").Error();
  };
  CHECK(flags(kMaxBatchFlags) == "");
  CHECK(flags(kMaxBatchFlags + 1).find("1000") != std::string::npos);
  CHECK(Request(R"({"x":)" + std::string(1'000'000, '['), RequestKind::kOfrep).Error() != "");
}

TEST_CASE("the byte after the body is put back") {
  std::string two = "{}{}";
  model::Context context;
  EvaluationRequest request;
  REQUIRE(ReadEvaluationRequest({two.data(), 2}, RequestKind::kEvaluate, context, request));
  CHECK(two == "{}{}");
}

TEST_CASE("a character cut off at the end of the body is refused, and nothing after it is read") {
  for (const std::string_view text :
       {"\"\xe7", "\"\xf0\x9f", "{\"context\":{\"a\":\"\xc3", "\xff"}) {
    // Of the body's size and the one byte more that may be written: a sanitizer sees the next one.
    const std::unique_ptr<char[]> bytes(new char[text.size() + 1]);
    text.copy(bytes.get(), text.size());
    model::Context context;
    EvaluationRequest request;
    const auto result =
        ReadEvaluationRequest({bytes.get(), text.size()}, RequestKind::kOfrep, context, request);
    REQUIRE_FALSE(result);
    CHECK(result.error().Message() == "body: is not UTF-8");
  }
}

TEST_CASE("an escape of half a character is refused wherever it is, so every answer is UTF-8") {
  const std::string half = R"("\ude00")";
  for (const std::string& text :
       {R"({"flag":)" + half + '}', R"({"flags":[)" + half + "]}",
        R"({"context":{"a":)" + half + "}}", R"({"context":{)" + half + ":1}}",
        R"({"flag":"a","default":[)" + half + "]}", R"({"defaults":{)" + half + ":1}}"}) {
    CAPTURE(text);
    CHECK(Request(text).Error() == "body: has a \\u escape that is half of a surrogate pair");
  }
  CHECK(Request(R"({"flag":"\ud83d\ude00"})").Error() == "");
}

TEST_CASE("numbers of any length are read; those beyond a double are refused") {
  const std::string tiny = "0." + std::string(400, '0') + std::string(200, '1');
  const Request r(R"({"context":{"targetingKey":"u","tiny":)" + tiny +
                  R"(,"minus":-0.5,"big":18446744073709551615,"last":1e-400}})");
  REQUIRE(r.Error() == "");
  CHECK(r.context.Find("tiny")->number() == 0);
  CHECK(r.context.Find("minus")->number() == -0.5);
  CHECK(r.context.Find("big")->number() == 18446744073709551615.0);
  CHECK(r.context.Find("last")->number() == 0);
  CHECK(Request(R"({"context":{"a":1e999}})").Error() != "");
  CHECK(Request(R"({"context":{"a":99999e308}})").Error() ==
        "body: has a number that is too large");
}

}  // namespace pennon::wire
