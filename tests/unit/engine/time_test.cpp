// What depends on the instant of the evaluation: windows, ramps, kills that end.
#include <cmath>

#include "base/timestamp.h"
#include "tests/unit/engine/engine_fixture.h"

namespace pennon::test {
namespace {

constexpr const char* kVariants =
    R"("type":"boolean","variants":[{"key":"on","value":true},{"key":"off","value":false}])";

std::int64_t Millis(std::string_view text) {
  return *base::ParseTimestamp(text) / 1000;
}

std::string Ramped(const std::string& ramp) {
  return std::string("{\"f\":{") + kVariants +
         R"(,"salt":"s","default":{"split":{"weights":[{"variant":"off","weight":1000}],"ramp":)" +
         ramp + "}}}}";
}
constexpr const char* kYearOfRamp =
    R"({"variant":"on","from":"2027-01-01T00:00:00Z","to":"2028-01-01T00:00:00Z",
        "startWeight":100,"endWeight":900})";

double ShareAt(const Attached& set, std::int64_t now) {
  constexpr int kSubjects = 20'000;
  int on = 0;
  for (int i = 0; i < kSubjects; ++i) {
    on += set.Ask("f", client::Context("user-" + std::to_string(i)), now).boolean ? 1 : 0;
  }
  return static_cast<double>(on) / kSubjects;
}

}  // namespace

TEST_CASE("a window holds from its first millisecond on and not in its last") {
  const Attached set(std::string("{\"f\":{") + kVariants + R"(,"default":{"variant":"off"},
    "rules":[{"window":{"from":"2027-01-31T12:00:00Z","to":"2027-01-31T13:00:00+00:00"},
              "serve":{"variant":"on"}}]}})");
  const auto at = [&](std::string_view text) { return set.Ask("f", {}, Millis(text)).boolean; };
  CHECK_FALSE(at("2027-01-31T11:59:59.999Z"));
  CHECK(at("2027-01-31T12:00:00Z"));
  CHECK(at("2027-01-31T12:59:59.999Z"));
  CHECK_FALSE(at("2027-01-31T13:00:00Z"));
}

TEST_CASE("a window and a condition have both to hold") {
  const Attached set(std::string("{\"f\":{") + kVariants + R"(,"default":{"variant":"off"},
    "rules":[{"window":{"from":1000},"when":{"any":[{"attr":"a","op":"in","values":[1]},
              {"attr":"b","op":"in","values":[1]}]},"serve":{"variant":"on"}}]}})");
  client::Context yes;
  yes.Set("b", 1);
  CHECK(set.Ask("f", yes, 1000).boolean);
  CHECK_FALSE(set.Ask("f", yes, 999).boolean);
  CHECK_FALSE(set.Ask("f", {}, 1000).boolean);
}

TEST_CASE("a kill ends at its instant, and the flag is as it was configured") {
  const std::string kill = R"(,"offVariant":"off","default":{"variant":"on"},
    "kill":{"active":true,"expiresAt":"2027-01-31T12:00:00Z"})";
  const Attached set(std::string("{\"on\":{") + kVariants + kill + R"(},"disabled":{)" + kVariants +
                     kill + R"(,"enabled":false},"plain":{)" + kVariants +
                     R"(,"prerequisites":[{"flag":"on"}],"default":{"variant":"on"}}})");
  const std::int64_t end = Millis("2027-01-31T12:00:00Z");
  CHECK(set.Ask("on", {}, end - 1).kind == model::MatchKind::kKilled);
  CHECK(set.Ask("plain", {}, end - 1).kind == model::MatchKind::kPrerequisiteFailed);
  CHECK(set.Ask("on", {}, end).boolean);
  CHECK(set.Ask("plain", {}, end).boolean);
  CHECK(set.Ask("disabled", {}, end - 1).kind == model::MatchKind::kKilled);
  CHECK(set.Ask("disabled", {}, end).kind == model::MatchKind::kOff);
}

TEST_CASE("a ramp moves its share evenly, within five standard deviations") {
  const Attached set(Ramped(kYearOfRamp));
  const std::int64_t begin = Millis("2027-01-01T00:00:00Z");
  const std::int64_t end = Millis("2028-01-01T00:00:00Z");
  const auto near = [&](std::int64_t now, double share) {
    return std::abs(ShareAt(set, now) - share) < 5 * std::sqrt(share * (1 - share) / 20'000);
  };
  CHECK(near(begin - 1'000'000, 0.1));
  CHECK(near(begin, 0.1));
  CHECK(near(begin + (end - begin) / 4, 0.3));
  CHECK(near(begin + (end - begin) / 2, 0.5));
  CHECK(near(end - 1, 0.9));
  CHECK(near(end + 1'000'000, 0.9));
}

TEST_CASE("whom a growing ramp has taken it keeps, and nobody else changes places") {
  const Attached set(std::string("{\"f\":{\"type\":\"string\",\"variants\":[") +
                     R"({"key":"a","value":"a"},{"key":"b","value":"b"},{"key":"new","value":"n"}],
    "default":{"split":{"weights":[{"variant":"a","weight":50},{"variant":"b","weight":50}],
      "ramp":{"variant":"new","from":0,"to":100,"startWeight":0,"endWeight":100}}}}})");
  for (int i = 0; i < 1000; ++i) {
    const client::Context user("user-" + std::to_string(i));
    const std::string_view before = set.Ask("f", user, 0).variant;
    CHECK(before != "new");
    bool taken = false;
    for (std::int64_t now = 0; now <= 100; now += 5) {
      const auto answer = set.Ask("f", user, now);
      CHECK(answer.reason == model::Reason::kSplit);
      if (taken) CHECK(answer.variant == "new");
      taken = answer.variant == "new";
      if (!taken) CHECK(answer.variant == before);
    }
    CHECK(taken);
  }
}

TEST_CASE("ranges of one layer share nobody, and a layer is independent of other gates") {
  const auto flag = [](const std::string& gate) {
    return std::string("{") + kVariants + R"(,"default":{"variant":"off"},"rules":[{"gate":)" +
           gate + R"(,"serve":{"variant":"on"}}]})";
  };
  const Attached set("{\"a\":" + flag(R"({"layer":"checkout","from":0,"to":30})") +
                     ",\"b\":" + flag(R"({"layer":"checkout","from":30,"to":60})") +
                     ",\"c\":" + flag(R"({"layer":"search","from":0,"to":30})") + '}');
  int a = 0;
  int a_and_c = 0;
  constexpr int kSubjects = 50'000;
  for (int i = 0; i < kSubjects; ++i) {
    const client::Context user("user-" + std::to_string(i));
    const bool in_a = set.Ask("a", user).boolean;
    REQUIRE_FALSE((in_a && set.Ask("b", user).boolean));
    a += in_a ? 1 : 0;
    a_and_c += in_a && set.Ask("c", user).boolean ? 1 : 0;
  }
  CHECK(std::abs(a - kSubjects * 0.3) < 5 * std::sqrt(kSubjects * 0.3 * 0.7));
  CHECK(std::abs(a_and_c - a * 0.3) < 5 * std::sqrt(a * 0.3 * 0.7));
}

TEST_CASE("a ramp or a window that cannot be is refused by name") {
  const auto wrong = [](const std::string& ramp) { return Attached(Ramped(ramp)).Diagnostic(); };
  CHECK(wrong(R"({"variant":"on","from":1,"to":1,"startWeight":0,"endWeight":1})") ==
        "flags.f.default.split.ramp.to: is not after from");
  CHECK(wrong(R"({"variant":"on","from":1,"to":2,"startWeight":0,"endWeight":1001})") ==
        "flags.f.default.split.ramp.endWeight: is more than the sum of the weights, 1000");
  CHECK(wrong(R"({"variant":"x","from":1,"to":2,"startWeight":0,"endWeight":1})") ==
        "flags.f.default.split.ramp.variant: there is no variant \"x\"");
  CHECK(wrong(R"({"variant":"on","from":"soon","to":2,"startWeight":0,"endWeight":1})") ==
        "flags.f.default.split.ramp.from: expected an instant such as \"2027-01-31T12:00:00Z\"");
  const Attached window(std::string("{\"f\":{") + kVariants +
                        R"(,"rules":[{"window":{"from":2,"to":1},"serve":{"variant":"on"}}]}})");
  CHECK(window.Diagnostic() == "flags.f.rules[0].window.to: is not after from");
}

TEST_CASE("only flags whose answer may depend on time or chance ask for the moment") {
  const auto asks = [](const std::string& members) {
    const Attached set(ReadSet(
        R"({"f":{"type":"boolean","variants":[{"key":"on","value":true},{"key":"off","value":false}],)" +
            members + R"(},"other":{"type":"boolean","variants":[{"key":"on","value":true}]}})",
        R"({"s":{"included":["a"]}})"));
    REQUIRE(set.Diagnostic().empty());
    return set.snapshot.AsksMoment(*set.snapshot.Find("f"));
  };
  const auto rule = [](const std::string& members) {
    return R"("rules":[{"id":"r",)" + members + R"(,"serve":{"variant":"on"}}])";
  };
  const std::string weights =
      R"("weights":[{"variant":"on","weight":1},{"variant":"off","weight":1}])";
  const auto split = [&](const std::string& members) {
    return R"("default":{"split":{)" + weights + members + "}}";
  };

  CHECK_FALSE(asks(R"("default":{"variant":"on"})"));
  CHECK_FALSE(asks(R"("kill":{"active":true},"offVariant":"off")"));
  CHECK_FALSE(asks(rule(R"("when":{"attr":"a","op":"in","values":[1]})")));
  CHECK_FALSE(asks(rule(R"("gate":{"percent":10})")));
  CHECK_FALSE(asks(split("")));

  CHECK(asks(R"("kill":{"active":true,"expiresAt":"2030-01-01T00:00:00Z"},"offVariant":"off")"));
  CHECK(asks(R"("prerequisites":[{"flag":"other"}])"));
  CHECK(asks(rule(R"("window":{"from":"2030-01-01T00:00:00Z"})")));
  CHECK(asks(rule(R"("when":{"any":[{"window":{"to":"2030-01-01T00:00:00Z"}}]})")));
  CHECK(asks(rule(R"("when":{"segment":"s"})")));
  CHECK(asks(rule(R"("gate":{"percent":10,"onMissing":"random"})")));
  CHECK(asks(split(R"(,"onMissing":"random")")));
  CHECK(asks(split(R"(,"ramp":{"variant":"on","from":"2030-01-01T00:00:00Z",)"
                   R"("to":"2031-01-01T00:00:00Z","startWeight":0,"endWeight":1})")));
  CHECK(asks(R"("default":{"jsonlogic":{"if":[true,"on","off"]}})"));
}

}  // namespace pennon::test
