// Explanations: what they say, that they say what Evaluate does, and what they keep to themselves.
#include "engine/explain.h"

#include <algorithm>
#include <map>
#include <set>

#include "tests/unit/engine/engine_fixture.h"

namespace pennon::test {
namespace {

using model::StepKind;

constexpr const char* kVariants =
    R"("type":"boolean","variants":[{"key":"on","value":true},{"key":"off","value":false}])";

std::string Flag(const std::string& rest) {
  return std::string("{") + kVariants + ',' + rest + '}';
}

engine::Explanation Explain(const Attached& set, std::string_view flag,
                            const client::Context& context = {}) {
  return engine::Explain(set.snapshot, flag, context.view(), {0, 0});
}

// "rule 0 beta no" and so on, one line a step, indented.
std::string Lines(const engine::Explanation& explanation) {
  std::string out;
  for (const auto& step : explanation.steps) {
    out.append(step.depth, ' ').append(Name(step.kind));
    for (const auto& text : {step.name, step.test, step.found, step.variant}) {
      if (!text.empty()) out += ' ' + text;
    }
    if (step.place) {
      out += ' ' + std::to_string(step.place->position) + '/' + std::to_string(step.place->total);
    }
    out += step.held ? " yes\n" : " no\n";
  }
  return out;
}

}  // namespace

TEST_CASE("an explanation names every rule that was tried, and what decided") {
  const Attached set("{\"f\":" + Flag(R"("salt":"s","rules":[
      {"id":"team","when":{"all":[{"attr":"plan","op":"in","values":["pro","team"]},
                                  {"attr":"age","op":"ge","values":[18],"negate":true}]},
       "serve":{"variant":"on"}},
      {"id":"some","gate":{"percent":0},"serve":{"variant":"on"}}],
      "default":{"split":{"weights":[{"variant":"on","weight":50},{"variant":"off","weight":50}]}})") +
                     '}');
  client::Context context("user-1");
  context.Set("plan", "pro");
  context.Set("age", std::int64_t{30});
  const auto explanation = Explain(set, "f", context);
  CHECK(explanation.evaluation == set.Ask("f", context));
  const std::string lines = Lines(explanation);
  CHECK(lines.find("flag f on ") == 0);
  CHECK(lines.find("\n rule team no\n  test plan in \"pro\", \"team\" string yes\n"
                   "  test age not ge 18 number no\n rule some no\n  gate targetingKey ") !=
        std::string::npos);
  CHECK(lines.find("/100000 no\n default yes\n  split targetingKey ") != std::string::npos);
  CHECK(lines.find("/100 yes\n") != std::string::npos);
}

TEST_CASE("a split shows the share that the subject fell into, a ramp's before the others") {
  using Share = std::pair<std::uint32_t, std::uint32_t>;
  const auto shares_of = [](const std::string& members) {
    const Attached set("{\"f\":" + Flag(R"("salt":"s","default":{"split":{)" + members + "}}") +
                       '}');
    std::map<std::string, std::set<Share>> shares;
    for (int i = 0; i < 2'000; ++i) {
      const auto steps = Explain(set, "f", client::Context("user-" + std::to_string(i))).steps;
      const auto split = std::find_if(steps.begin(), steps.end(), [](const auto& step) {
        return step.kind == StepKind::kSplit;
      });
      REQUIRE(split != steps.end());
      const auto& [position, total, from, to] = *split->place;
      CHECK((from <= position && position < to && total == 100));
      shares[split->variant].insert({from, to});
    }
    return shares;
  };
  const std::string weights =
      R"("weights":[{"variant":"on","weight":25},{"variant":"off","weight":75}])";
  auto shares = shares_of(weights);
  CHECK(shares["on"] == std::set<Share>{{0, 25}});
  CHECK(shares["off"] == std::set<Share>{{25, 100}});
  // In 1970 it has not begun: the first 10 are the ramp's, and "on" has what is left of its 25.
  shares = shares_of(weights + R"(,"ramp":{"variant":"off","from":"2030-01-01T00:00:00Z",)"
                               R"("to":"2031-01-01T00:00:00Z","startWeight":10,"endWeight":90})");
  CHECK(shares["on"] == std::set<Share>{{10, 25}});
  CHECK(shares["off"] == std::set<Share>{{0, 10}, {25, 100}});
}

TEST_CASE("an explanation goes into prerequisites, targets and segments") {
  const Attached set(
      ReadSet("{\"base\":" + Flag(R"("enabled":false,"offVariant":"off")") +
                  ",\"f\":" + Flag(R"("prerequisites":[{"flag":"base","enabled":false}],
                  "targets":[{"variant":"off","values":["x","y","z","u","v"]}],
                  "rules":[{"when":{"segment":"beta"},"serve":{"variant":"on"}}])") +
                  '}',
              R"({"beta":{"included":["user-1"]}})"));
  CHECK(Lines(Explain(set, "f", client::Context("user-1"))) ==
        "flag f on on yes\n"
        " prerequisite base yes\n"
        "  flag base off off no\n"
        " target targetingKey in \"x\", \"y\", \"z\" and 2 more string off no\n"
        " rule yes\n"
        "  segment beta included yes\n");
}

TEST_CASE("operands are shown as a definition writes them") {
  const Attached set("{\"f\":" + Flag(R"("rules":[{"window":{"from":"2027-01-31T12:00:00.5Z"},
      "serve":{"variant":"on"}},
      {"when":{"any":[{"attr":"/a/b","op":"regex","values":["^x"]},
        {"attr":"t","op":"before","values":["2027-01-31T12:00:00Z"]},
        {"attr":"ip","op":"cidr","values":["10.0.0.0/8","2001:db8::/32"]},
        {"attr":"k","op":"type","values":["array"]}, {"attr":"n","op":"exists"},
        {"attr":"d","op":"eq","values":[1.5]}, {"attr":"b","op":"in","values":[true]}]},
       "serve":{"variant":"on"}}])") +
                     '}');
  const std::string lines = Lines(Explain(set, "f"));
  for (const char* text :
       {"test window 2027-01-31T12:00:00.5Z, never no", "test /a/b regex \"^x\" missing no",
        "test t before 2027-01-31T12:00:00Z missing no",
        "test ip cidr 10.0.0.0/8, 2001:db8::/32 missing no", "test k type array missing no",
        "test n exists missing no", "test d eq 1.5 missing no", "test b in true missing no"}) {
    CHECK_MESSAGE(lines.find(text) != std::string::npos, text, " in\n", lines);
  }
}

TEST_CASE("an explanation shows kinds of attributes and never their values") {
  const Attached set("{\"f\":" + Flag(R"("rules":[{"when":{"attr":"email","op":"endsWith",
      "values":["@x.org"]},"serve":{"variant":"on"}}])") +
                     '}');
  client::Context context("secret-key");
  context.Set("email", "secret-name@x.org");
  CHECK(Lines(Explain(set, "f", context)).find("secret") == std::string::npos);
}

TEST_CASE("an unknown flag has an explanation without steps") {
  const Attached set("{\"f\":" + Flag(R"("default":{"variant":"on"})") + '}');
  const auto explanation = Explain(set, "g");
  CHECK(explanation.evaluation.error == model::EvaluationError::kFlagNotFound);
  CHECK(explanation.steps.empty());
}

TEST_CASE("an explanation of 10,000 steps is whole, one of more is cut") {
  const auto with_rules = [](std::size_t count) {
    std::string rules;
    for (std::size_t i = 0; i < count; ++i) {
      rules +=
          std::string(i == 0 ? "" : ",") + R"({"gate":{"percent":0},"serve":{"variant":"on"}})";
    }
    return Attached("{\"f\":" + Flag("\"rules\":[" + rules + ']') + '}');
  };
  // The flag itself, two steps for each rule, the default.
  constexpr std::size_t kFits = (engine::kMaxExplanationSteps - 2) / 2;
  const auto whole = Explain(with_rules(kFits), "f");
  CHECK(whole.steps.size() == engine::kMaxExplanationSteps);
  CHECK_FALSE(whole.is_cut);
  const auto cut = Explain(with_rules(kFits + 1), "f");
  CHECK(cut.steps.size() == engine::kMaxExplanationSteps);
  CHECK(cut.is_cut);
}

}  // namespace pennon::test
