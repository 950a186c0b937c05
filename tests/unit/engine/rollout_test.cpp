// Percentages as numbers of subjects: the right share, the same subjects, independent of each
// other.
#include <cmath>

#include "engine/bucket.h"
#include "tests/unit/engine/engine_fixture.h"

namespace pennon::test {
namespace {

constexpr int kSubjects = 100'000;

std::string Split(int on, const std::string& salt, const std::string& gate = "") {
  return R"({"type":"boolean","variants":[{"key":"on","value":true},{"key":"off","value":false}],
    "salt":")" +
         salt + R"(","offVariant":"off","rules":[{)" + gate +
         R"("serve":{"split":{"weights":[{"variant":"on","weight":)" + std::to_string(on) +
         R"(},{"variant":"off","weight":)" + std::to_string(100 - on) + R"(}]}}}]})";
}

}  // namespace

TEST_CASE("a split gives each variant its share, within five standard deviations") {
  const Attached set(R"({"f":)" + Split(25, "s") + '}');
  int on = 0;
  for (int i = 0; i < kSubjects; ++i) {
    on += set.Ask("f", client::Context("user-" + std::to_string(i))).boolean ? 1 : 0;
  }
  CHECK(std::abs(on - kSubjects / 4) < 5 * std::sqrt(kSubjects * 0.25 * 0.75));
}

TEST_CASE("a share that grows keeps everybody who had it") {
  const Attached small(R"({"f":)" + Split(10, "s") + '}');
  const Attached large(R"({"f":)" + Split(30, "s") + '}');
  int lost = 0;
  for (int i = 0; i < 10'000; ++i) {
    const client::Context user("user-" + std::to_string(i));
    lost += small.Ask("f", user).boolean && !large.Ask("f", user).boolean ? 1 : 0;
  }
  CHECK(lost == 0);
}

TEST_CASE("those whom a gate lets in are spread over the split as everybody is") {
  const Attached set(R"({"f":)" + Split(50, "s", R"("gate":{"percent":10},)") + '}');
  int in = 0;
  int on = 0;
  for (int i = 0; i < kSubjects; ++i) {
    const auto answer = set.Ask("f", client::Context("user-" + std::to_string(i)));
    in += answer.reason == model::Reason::kSplit ? 1 : 0;
    on += answer.has_value && answer.boolean ? 1 : 0;
  }
  CHECK(std::abs(in - kSubjects / 10) < 5 * std::sqrt(kSubjects * 0.1 * 0.9));
  CHECK(std::abs(on - in / 2) < 5 * std::sqrt(in * 0.25));
}

TEST_CASE("flags of different salt treat subjects independently, of equal salt alike") {
  const Attached set(R"({"a":)" + Split(50, "s") + R"(,"b":)" + Split(50, "t") + R"(,"c":)" +
                     Split(50, "s") + '}');
  int both = 0;
  for (int i = 0; i < 10'000; ++i) {
    const client::Context user("user-" + std::to_string(i));
    both += set.Ask("a", user).boolean && set.Ask("b", user).boolean ? 1 : 0;
    REQUIRE(set.Ask("a", user).boolean == set.Ask("c", user).boolean);
  }
  CHECK(std::abs(both - 2500) < 5 * std::sqrt(10'000 * 0.25 * 0.75));
}

TEST_CASE("a subject that is missing is passed over, or an error where the flag says so") {
  const std::string weights =
      R"("weights":[{"variant":"on","weight":1},{"variant":"off","weight":1}])";
  const Attached set(R"({"skip":{"type":"boolean","variants":[{"key":"on","value":true},
      {"key":"off","value":false}],"rules":[{"serve":{"split":{)" +
                     weights + R"(}}}],
      "default":{"variant":"off"}},
    "error":{"type":"boolean","variants":[{"key":"on","value":true},{"key":"off","value":false}],
      "rules":[{"serve":{"split":{"onMissing":"error",)" +
                     weights + R"(}}}],"default":{"variant":"off"}},
    "other":{"type":"boolean","variants":[{"key":"on","value":true},{"key":"off","value":false}],
      "default":{"split":{"bucketBy":"company",)" +
                     weights + "}}}}");
  CHECK(set.Ask("skip").kind == model::MatchKind::kFallthrough);
  CHECK(set.Ask("error").error == model::EvaluationError::kTargetingKeyMissing);
  CHECK(set.Ask("other").error == model::EvaluationError::kInvalidContext);
  CHECK(set.Ask("skip", client::Context("")).kind == model::MatchKind::kFallthrough);
}

}  // namespace pennon::test
