// Definitions that somebody made to do harm, or made by accident: what does not compile is
// quarantined alone, what compiles is answered in bounded time.
#include <cstring>

#include "engine/hash.h"
#include "engine/limits.h"
#include "tests/unit/engine/engine_fixture.h"

namespace pennon::test {
namespace {

const std::string kOnOff =
    R"("type":"boolean","variants":[{"key":"on","value":true},{"key":"off","value":false}])";
const std::string kServeOn = R"("serve":{"variant":"on"})";

std::string Flag(const std::string& members) {
  return '{' + kOnOff + (members.empty() ? "" : ",") + members + '}';
}
std::string RuleWhen(const std::string& condition) {
  return Flag(R"("default":{"variant":"off"},"rules":[{"when":)" + condition + ',' + kServeOn +
              "}]");
}
std::string Key(std::size_t number) {
  return '"' + std::to_string(number) + '"';
}
// `count` definitions with the keys "0", "1", …
template <typename Make>
std::string Each(std::size_t count, const Make& make) {
  std::string out = "{";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    out += Key(i) + ':' + make(i);
  }
  return out + '}';
}
std::string Repeated(std::size_t count, const std::string& one) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += (i == 0 ? "" : ",") + one;
  return out;
}

}  // namespace

TEST_CASE("cycles of prerequisites of any length are quarantined whole, and nothing else is") {
  for (const std::size_t length : {1U, 2U, 1000U}) {
    std::string flags = Each(length, [&](std::size_t i) {
      return Flag(R"("prerequisites":[{"flag":)" + Key((i + 1) % length) + "}]");
    });
    flags.pop_back();
    const Attached set(flags + R"(,"good":)" + Flag(R"("default":{"variant":"on"})") + '}');
    CHECK(set.compiled.diagnostics.size() == length);
    CHECK(set.Ask("0").error == model::EvaluationError::kParseError);
    CHECK(set.Ask("good").boolean);
  }
}

TEST_CASE("cycles of segments of any length are quarantined, and the flags that use them") {
  for (const std::size_t length : {1U, 2U, 1000U}) {
    const std::string segments = Each(length, [&](std::size_t i) {
      return R"({"when":{"not":{"segment":)" + Key((i + 1) % length) + "}}}";
    });
    const Attached set(ReadSet(R"({"f":)" + RuleWhen(R"({"segment":"0"})") + R"(,"good":)" +
                                   Flag(R"("default":{"variant":"on"})") + '}',
                               segments));
    CHECK(set.compiled.diagnostics.size() == length + 1);
    CHECK(set.Ask("f").error == model::EvaluationError::kParseError);
    CHECK(set.Ask("good").boolean);
  }
}

TEST_CASE("a chain of 10000 prerequisites is quarantined beyond its limit, without recursion") {
  const Attached set(Each(10'000, [](std::size_t i) {
    return Flag(i == 0 ? R"("default":{"variant":"on"})"
                       : R"("default":{"variant":"on"},"prerequisites":[{"flag":)" + Key(i - 1) +
                             "}]");
  }));
  CHECK(set.Ask("16").boolean);
  CHECK(set.Ask("17").error == model::EvaluationError::kParseError);
  CHECK(set.Ask("18").reason == model::Reason::kDisabled);  // its prerequisite does not hold
}

TEST_CASE("diamonds with 2^16 paths end with an answer or an error, never with a hang") {
  const auto layered = [](std::size_t i, const std::string& member, const std::string& key) {
    if (i < 2) return std::string();
    const std::size_t below = i / 2 * 2 - 2;
    return member + key + Key(below) + "}," + key + Key(below + 1) + "}]";
  };
  const Attached flags(Each(34, [&](std::size_t i) {
    const std::string needs = layered(i, R"("prerequisites":[)", R"({"flag":)");
    return Flag(R"("default":{"variant":"on"})" + (needs.empty() ? "" : ',' + needs));
  }));
  const auto answer = flags.Ask("33");
  CHECK((answer.boolean || answer.error == model::EvaluationError::kGeneral));
  const std::string segments = Each(34, [&](std::size_t i) {
    const std::string any = layered(i, R"({"any":[)", R"({"segment":)");
    return any.empty() ? std::string("{}") : R"({"when":)" + any + "}}";
  });
  const Attached set(ReadSet(R"({"f":)" + RuleWhen(R"({"segment":"33"})") + '}', segments));
  const auto asked = set.Ask("f", client::Context("u"));
  CHECK((asked.has_value || asked.error == model::EvaluationError::kGeneral));
}

TEST_CASE("an operator that is not known holds for nobody, below not as well") {
  const std::string unknown = R"({"attr":"a","op":"sortOf","values":[1]})";
  for (const std::string& condition :
       {unknown, R"({"not":)" + unknown + '}', R"({"not":{"any":[)" + unknown + "]}}",
        R"({"any":[{"attr":"a","op":"exists","negate":true},)" + unknown + "]}"}) {
    const Attached set(R"({"f":)" + RuleWhen(condition) + '}');
    CHECK(set.Ask("f").error == model::EvaluationError::kParseError);
    CHECK_FALSE(set.Ask("f").has_value);
  }
}

TEST_CASE("regular expressions that explode elsewhere take linear time, or are refused alone") {
  client::Context context;
  context.Set("a", std::string(100'000, 'a') + '!');
  const auto with = [](const std::string& pattern) {
    return Attached(R"({"f":)" +
                    RuleWhen(R"({"attr":"a","op":"regex","values":[")" + pattern + "\"]}") + '}');
  };
  CHECK_FALSE(with("^(a+)+$").Ask("f", context).boolean);
  CHECK_FALSE(with("^(a|a)*$").Ask("f", context).boolean);
  CHECK_FALSE(with("^(a?){50}a{50}$").Ask("f", context).boolean);
  for (const char* refused :
       {"(.*){1001}", "((a{100}){100}){100}", "(", "(?=a)", "(a)\\\\1", "[[:nope:]]", "a\\\\Cb"}) {
    const Attached set = with(refused);
    CHECK_MESSAGE(set.Ask("f", context).error == model::EvaluationError::kParseError, refused);
  }
  CHECK(with(std::string(1025, 'a')).Ask("f").error == model::EvaluationError::kParseError);
  CHECK(with("^a\\\\\\\\C").Diagnostic() == "");
  CHECK(with("\\\\pL{1000}").Ask("f").error == model::EvaluationError::kParseError);
}

TEST_CASE("a set has up to so many regular expressions, equal ones counted once") {
  const auto with = [](std::size_t count) {
    const std::string flags = Each(count + 10, [&](std::size_t i) {
      return RuleWhen(R"({"attr":"a","op":"regex","values":["^)" + std::to_string(i % count) +
                      "$\"]}");
    });
    return engine::Compile(ReadSet(flags));
  };
  CHECK(with(engine::kMaxPatterns).has_value());
  const auto refused = with(engine::kMaxPatterns + 1);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().what().find("regular expressions") != std::string::npos);
}

TEST_CASE(
    "operands that are garbage quarantine their flag, attributes that are garbage do not pass") {
  for (const char* condition : {R"({"attr":"a","op":"semverGt","values":["1.2"]})",
                                R"({"attr":"a","op":"semverGt","values":["01.2.3"]})",
                                R"({"attr":"a","op":"cidr","values":["10.0.0.0/33"]})",
                                R"({"attr":"a","op":"cidr","values":["10.0.0.256"]})",
                                R"({"attr":"a","op":"before","values":["2027-02-30T00:00:00Z"]})",
                                R"({"attr":"a","op":"before","values":["tomorrow"]})"}) {
    CHECK_MESSAGE(Attached(R"({"f":)" + RuleWhen(condition) + '}').Ask("f").error ==
                      model::EvaluationError::kParseError,
                  condition);
  }
  for (const char* condition : {R"({"attr":"a","op":"semverGe","values":["0.0.0"]})",
                                R"({"attr":"a","op":"cidr","values":["0.0.0.0/0","::/0"]})",
                                R"({"attr":"a","op":"after","values":["1970-01-01T00:00:00Z"]})"}) {
    const Attached set(R"({"f":)" + RuleWhen(condition) + '}');
    for (const char* garbage : {"", "x", "1.2.3.4.5", "99999-99-99T99:99:99Z", "::1::", "1..2"}) {
      client::Context context;
      context.Set("a", garbage);
      CHECK_FALSE_MESSAGE(set.Ask("f", context).boolean, condition, ' ', garbage);
    }
  }
}

TEST_CASE(
    "100000 rules in a flag and 1000000 targets are compiled, and answered within the budget") {
  const Attached rules(
      R"({"f":)" +
      Flag(R"("default":{"variant":"off"},"rules":[)" +
           Repeated(engine::kMaxRules,
                    R"({"when":{"attr":"a","op":"in","values":["x"]},)" + kServeOn + '}') +
           ']') +
      '}');
  client::Context context("u");
  context.Set("a", "y");
  CHECK(rules.Diagnostic() == "");
  CHECK(rules.Ask("f", context).variant == "off");

  std::string users;
  for (int i = 0; i < 1'000'000; ++i) users += (i == 0 ? "\"u" : ",\"u") + std::to_string(i) + '"';
  const Attached targets(
      R"({"f":)" +
      Flag(R"("default":{"variant":"off"},"targets":[{"variant":"on","values":[)" + users + "]}]") +
      '}');
  CHECK(targets.Ask("f", client::Context("u999999")).variant == "on");
  CHECK(targets.Ask("f", client::Context("u1000000")).variant == "off");
}

TEST_CASE("a list that says the same values again and again is compiled as if it said them once") {
  const Attached set(R"({"f":)" +
                     RuleWhen(R"({"attr":"a","op":"in","values":[)" +
                              Repeated(1000, R"("same",1,1.0)") +
                              R"(,"a text longer than a word","a text longer than a word"]})") +
                     '}');
  for (const char* text : {"same", "a text longer than a word"}) {
    client::Context context;
    context.Set("a", text);
    CHECK(set.Ask("f", context).boolean);
  }
  client::Context other;
  other.Set("a", "another");
  CHECK_FALSE(set.Ask("f", other).boolean);
}

// Texts of one hash, whatever the seed: the first word meets its own constant, so that the product
// that is folded is 0 and the second word does not matter. No such text is UTF-8, so that wire/
// lets none of them in; the engine does not rely on it.
std::string Colliding(std::uint64_t number) {
  std::string text(17, 'x');
  std::memcpy(text.data(), &base::hash_detail::kB, 8);
  std::memcpy(text.data() + 8, &number, 8);
  return text;
}

TEST_CASE("values that collide with every seed are still told apart, keys of flags are refused") {
  constexpr std::uint64_t kCount = 3000;  // enough for a table, few enough to be made
  REQUIRE(engine::Hash64(Colliding(1), 1) == engine::Hash64(Colliding(2), 1));
  model::FlagSet set;
  auto flag = std::make_shared<model::Flag>();
  flag->key = "f";
  flag->variants = {{"on", true}, {"off", false}};
  flag->fallthrough = model::ServeVariant{"off"};
  model::Target target{.variant = "on"};
  for (std::uint64_t i = 0; i < kCount; ++i) target.values.emplace_back(Colliding(i));
  flag->targets.push_back(std::move(target));
  set.flags.push_back(flag);
  const Attached attached(set);
  CHECK(attached.Ask("f", client::Context(Colliding(kCount - 1))).variant == "on");
  CHECK(attached.Ask("f", client::Context(Colliding(kCount))).variant == "off");

  for (std::uint64_t i = 0; i < 1000; ++i) {
    auto other = std::make_shared<model::Flag>();
    other->key = Colliding(i);
    set.flags.push_back(other);
  }
  const auto compiled = engine::Compile(set);
  REQUIRE_FALSE(compiled.has_value());
  CHECK(compiled.error().what().find("collide") != std::string::npos);
}

TEST_CASE("a flag that would make every evaluation slow gives an error instead") {
  std::string values;
  for (int i = 0; i < 200; ++i) values += (i == 0 ? "\"x" : ",\"x") + std::to_string(i) + '"';
  const Attached set(R"({"f":)" +
                     Flag(R"("rules":[)" +
                          Repeated(20'000, R"({"when":{"attr":"a","op":"contains","values":[)" +
                                               values + "]}," + kServeOn + '}') +
                          ']') +
                     '}');
  client::Context context;
  context.Set("a", "y");
  CHECK(set.Ask("f", context).error == model::EvaluationError::kGeneral);
}

TEST_CASE("long texts cost an evaluation what it takes to look through them") {
  const auto rules = [](int count, const std::string& test) {
    return R"({"f":)" +
           Flag(R"("rules":[)" +
                Repeated(count, R"({"when":{"attr":"a",)" + test + "}," + kServeOn + '}') + ']') +
           '}';
  };
  client::Context context;
  context.Set("a", std::string(1'000'000, 'a'));
  const std::string part = std::string(3'000, 'a') + 'b';
  const Attached search(
      rules(1, R"("op":"contains","ignoreCase":true,"values":[")" + part + "\"]"));
  CHECK(search.Ask("f", context).error == model::EvaluationError::kGeneral);
  const Attached plain(rules(1, R"("op":"contains","values":[")" + part + "\"]"));
  CHECK(plain.Ask("f", context).error == model::EvaluationError::kNone);
  const Attached pattern(rules(20, R"("op":"regex","values":["[ab]*a[ab]{12}N"])"));
  CHECK(pattern.Ask("f", context).error == model::EvaluationError::kGeneral);
}

TEST_CASE("keys of any characters are kept apart byte by byte") {
  const std::string plain = Flag(R"("default":{"variant":"on"})");
  const Attached set(R"({"__proto__":)" + plain + R"(,"../x":)" + plain + R"(,"%00":)" + plain +
                     R"(,"a\nb":)" + plain + R"x(,"=CMD()":)x" + plain + R"(,"😀":)" + plain +
                     R"(,"\u202eabc":)" + plain + R"(,"é":)" + plain + '}');
  for (const char* key : {"__proto__", "../x", "%00", "a\nb", "=CMD()", "😀",
                          "\u202e"
                          "abc",
                          "é"}) {
    CHECK_MESSAGE(set.Ask(key).boolean, key);
  }
  CHECK(set.Ask("e\u0301").error == model::EvaluationError::kFlagNotFound);  // not normalised
  CHECK(set.Ask("").error == model::EvaluationError::kFlagNotFound);
}

}  // namespace pennon::test
