#include "engine/logic.h"

#include "engine/limits.h"
#include "engine/logic_operator.h"
#include "tests/unit/engine/engine_fixture.h"
#include "wire/json.h"

namespace pennon::test {
namespace {

model::Value Json(std::string_view text) {
  auto value = wire::ReadJson(text);
  REQUIRE_MESSAGE(value.has_value(), text);
  return *value;
}

/// The result as JSON, or "!" and the error.
std::string Result(std::string_view rule, std::string_view data = "{}") {
  const auto result = engine::EvaluateLogic(Json(rule), Json(data));
  if (!result) return '!' + result.error().Message();
  std::string json;
  AppendJson(json, *result);
  return json;
}

model::Value Nested(std::size_t depth) {
  model::Value rule = true;
  for (std::size_t i = 0; i < depth; ++i) rule = model::Object{{"!", rule}};
  return rule;
}

std::string Quoted(std::string_view text) {
  return '"' + std::string(text) + '"';
}

}  // namespace

TEST_CASE("what is no operation stands for itself") {
  for (const char* json : {"null", "true", "17", "3.25", R"("a")", R"(["a",1])", "{}",
                           R"({"a":{"var":"x"},"b":[{"!":true}]})"}) {
    CHECK(Result(json, R"({"x":1})") == json);
  }
}

TEST_CASE("var finds members, elements, the whole data, or the default") {
  const char* data = R"({"a":{"b":[10,{"c":null}]},"1":"one","":"empty"})";
  CHECK(Result(R"({"var":"a.b.0"})", data) == "10");
  CHECK(Result(R"({"var":["a.b.1.c",7]})", data) == "null");
  CHECK(Result(R"({"var":["a.b.2",7]})", data) == "7");
  CHECK(Result(R"({"var":"a.b.01"})", data) == "null");
  CHECK(Result(R"({"var":1})", data) == Quoted("one"));
  CHECK(Result(R"({"var":{"cat":["a.","b.0"]}})", data) == "10");
  CHECK(Result(R"({"var":""})", "[1]") == "[1]");
  CHECK(Result(R"({"var":[]})", "5") == "5");
  CHECK(Result(R"({"var":"1"})", R"(["x","y"])") == Quoted("y"));
  CHECK(Result(R"({"var":"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r"})", data) == "null");
}

TEST_CASE("numbers and texts become each other as in JavaScript") {
  CHECK(Result(R"({"+":["3abc","-.5e1"," 2"]})") == "0");
  CHECK(Result(R"({"+":["abc"]})") == "null");
  CHECK(Result(R"({"-":["0x10"]})") == "-16");
  CHECK(Result(R"({"-":[""," 1 "]})") == "-1");
  CHECK(Result(R"({"==":["1e3",1000]})") == "true");
  CHECK(Result(R"({"==":["",0]})") == "true");
  CHECK(Result(R"({"==":[null,0]})") == "false");
  CHECK(Result(R"({"==":[[1,2],"1,2"]})") == "true");
  CHECK(Result(R"({"===":[1,1.0]})") == "true");
  CHECK(Result(R"({"==":[[],[]]})") == "false");
  CHECK(Result(R"({"if":[[1],{"==":[[],[]]}]})") == "false");
  CHECK(Result(R"({"==":[{"var":"a"},{"var":"a"}]})", R"({"a":[]})") == "true");
  CHECK(Result(R"({"/":[1,0]})") == "null");
  CHECK(
      Result(R"({"cat":[1.0,"|",0.1,"|",1e21,"|",1e-7,"|",-1.5e300,"|",1.2345678901234568e20]})") ==
      Quoted("1|0.1|1e+21|1e-7|-1.5e+300|123456789012345680000"));
  CHECK(Result(R"({"cat":[null,true,[1,[null,2]],{}]})") == Quoted("true1,,2[object Object]"));
  CHECK(Result(R"({"==":["1e400",{"*":[1e308,10]}]})") == "true");
  CHECK(Result(R"({"cat":[9007199254740993]})") == Quoted("9007199254740993"));
}

TEST_CASE("texts are ordered by UTF-16 units, and cut between characters") {
  // U+FF5E is one unit above the surrogates of U+1F600.
  CHECK(Result(R"({"<":["😀","～"]})") == "true");
  CHECK(Result(R"({"<":["é","～"]})") == "true");
  CHECK(Result(R"({"<":["10",9]})") == "false");
  CHECK(Result(R"({"<":["10","9"]})") == "true");
  CHECK(Result(R"({"substr":["a😀b",3]})") == Quoted("b"));
  CHECK(Result(R"({"substr":["a😀b",2]})") == Quoted("b"));
  CHECK(Result(R"({"substr":["jsonlogic",-5,-2]})") == Quoted("log"));
}

TEST_CASE("rules that JavaScript has no sense for are null, not errors") {
  CHECK(Result(R"({"*":[]})") == "null");
  CHECK(Result(R"({"if":[]})") == "null");
  CHECK(Result(R"({"missing_some":[1,null]})") == "[]");
  CHECK(Result(R"({"map":[null,{"var":""}]})") == "[]");
  CHECK(Result(R"({"reduce":[null,{"var":""}]})") == "null");
}

TEST_CASE("fractional, sem_ver and affixes give null on bad input") {
  CHECK(Result(R"({"fractional":[]})") == "null");
  CHECK(Result(R"({"fractional":["k",["a",0.5]]})") == "null");
  CHECK(Result(R"({"fractional":["k",["a",2147483648]]})") == "null");
  CHECK(Result(R"({"fractional":["k",["a",2147483647],["b",1]]})") == "null");
  CHECK(Result(R"({"fractional":["k",["a",2147483647]]})") == Quoted("a"));
  CHECK(Result(R"({"fractional":["k",[]]})") == "null");
  CHECK(Result(R"({"fractional":["k",["a",1,2]]})") == "null");
  CHECK(Result(R"({"fractional":["k",[{"cat":["a","b"]},25.0]]})") == Quoted("ab"));
  CHECK(Result(R"({"fractional":["k",[null,1]]})") == "null");
  CHECK(Result(R"({"sem_ver":["1","=","1.0.0+x"]})") == "true");
  CHECK(Result(R"({"sem_ver":["1","=="," 1"]})") == "null");
  CHECK(Result(R"({"sem_ver":["1","="]})") == "null");
  CHECK(Result(R"({"starts_with":["a"]})") == "null");
  CHECK(Result(R"({"ends_with":["abc","bc"]})") == "true");
}

TEST_CASE("an unknown operator is an error that names its place") {
  CHECK(Result(R"({"if":[true,{"cat":["a",{"nope":1}]}]})") ==
        "!flags.logic.default.jsonlogic.if[1].cat[1]: \"nope\" is not an operator");
}

TEST_CASE("a rule is bounded in depth and size") {
  CHECK_FALSE(engine::CheckLogic(Nested(engine::kMaxLogicDepth), "r"));
  CHECK(engine::CheckLogic(Nested(engine::kMaxLogicDepth + 1), "r"));
  CHECK(engine::EvaluateLogic(Nested(engine::kMaxLogicDepth), {}).has_value());
  // The rule itself is one as well.
  const model::Value most = model::Array(engine::kMaxLogicNodes - 1, model::Value(1));
  CHECK_FALSE(engine::CheckLogic(most, "r"));
  CHECK(engine::EvaluateLogic(most, {}).has_value());
  CHECK(engine::CheckLogic(model::Array(engine::kMaxLogicNodes, model::Value(1)), "r"));
}

TEST_CASE("an evaluation is bounded in work and memory") {
  const model::Value data = model::Object{{"x", model::Array(2000, model::Value("0123456789"))}};
  const auto run = [&](std::string_view rule) { return engine::EvaluateLogic(Json(rule), data); };
  CHECK(run(R"({"cat":[{"var":"x"}]})").has_value());
  // 2000 * 2000 elements.
  CHECK_FALSE(
      run(R"({"map":[{"var":"x"},{"all":[[1,2],{"var":""}]}]})").value_or(model::Value()).IsNull());
  std::string rule = R"({"var":""})";
  for (int i = 0; i < 8; ++i) rule = R"({"map":[[0,1,2,3,4,5,6,7,8,9],)" + rule + "]}";
  CHECK_FALSE(run(rule).has_value());
  // Texts that double.
  CHECK_FALSE(run(R"({"reduce":[{"var":"x"},{"cat":[{"var":"accumulator"},{"var":"accumulator"},
    {"var":"current"}]},""]})")
                  .has_value());
  // Lists inside of lists, deeper than anybody prints them.
  CHECK(run(R"({"cat":[{"reduce":[{"var":"x"},[{"var":"accumulator"}],0]}]})").has_value());
}

TEST_CASE("a list that stands in lists again and again is walked only as far as anything is") {
  model::Array forty;
  for (int i = 0; i < 40; ++i) forty.emplace_back(i);
  const model::Value data = model::Object{{"x", forty}};
  const auto run = [&](std::string_view rule) { return engine::EvaluateLogic(Json(rule), data); };
  const std::string twice =
      R"({"reduce":[{"var":"x"},[{"var":"accumulator"},{"var":"accumulator"}],[]]})";
  CHECK_FALSE(run(R"({"cat":[)" + twice + "]}").has_value());
  CHECK_FALSE(run(R"({"==":[)" + twice + R"(,"x"]})").has_value());
  CHECK(run(twice).has_value());  // what is shown of it is bounded
}

TEST_CASE("what a search looks at counts") {
  std::string members;
  for (int i = 0; i < 10'000; ++i) {
    members += std::string(i > 0 ? "," : "") + "\"k" + std::to_string(i) + "\":1";
  }
  const auto searched = [&](std::size_t times) {
    return engine::EvaluateLogic(
        Json(
            R"({"reduce":[{"var":"x"},{"if":[{"var":"accumulator.k"},1,{"var":"accumulator"}]},{)" +
            members + "}]}"),
        model::Object{{"x", model::Array(times, model::Value(1))}});
  };
  CHECK(searched(100).has_value());
  CHECK_FALSE(searched(10'000).has_value());
}

TEST_CASE("a flag that needs too much answers with an error") {
  const Attached set(R"({"f":{"type":"string","variants":[{"key":"a","value":"a"}],"default":
    {"jsonlogic":{"reduce":[{"var":"x"},{"cat":[{"var":"accumulator"},{"var":"accumulator"},"ab"]},
    ""]}}}})");
  client::Context context;
  context.SetJson("x", model::Array(100, model::Value(1)));
  const auto evaluation = set.Ask("f", context);
  CHECK(evaluation.error == model::EvaluationError::kGeneral);
  CHECK_FALSE(evaluation.has_value);
}

TEST_CASE("a rule knows its flag and the time") {
  const Attached set(R"({"f":{"type":"string","variants":[{"key":"f-12","value":"a"}],"default":
    {"jsonlogic":{"cat":[{"var":"$flagd.flagKey"},"-",{"var":"$flagd.timestamp"}]}}},
    "g":{"type":"string","variants":[{"key":"g-12","value":"a"}],"default":{"jsonlogic":
    {"cat":[{"var":{"cat":["$flagd",".flagKey"]}},"-",{"var":["$flagd.timestamp",1]},
    {"var":"$flagd.other"}]}}}})");
  client::Context context;
  context.SetJson("$flagd", model::Object{{"flagKey", "forged"}, {"timestamp", 1}});
  CHECK(set.Ask("f", context, 12'999).variant == "f-12");
  CHECK(set.Ask("g", context, 12'999).variant == "g-12");
}

}  // namespace pennon::test
