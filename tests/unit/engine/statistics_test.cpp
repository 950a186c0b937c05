// Bucketing as a source of chance: what experiments take for granted. Subjects are counted up, so
// every run has the same result; the thresholds say how unlikely a failure was for a good hash.
#include <cmath>

#include "engine/bucket.h"
#include "tests/unit/engine/engine_fixture.h"

namespace pennon::test {
namespace {

constexpr int kSubjects = 1'000'000;

// The hash of a subject, as a split or gate of `salt` has it.
std::uint32_t HashOf(const engine::Murmur3& prefix, int subject) {
  client::Context context("user-" + std::to_string(subject));
  engine::Murmur3 hash = prefix;
  REQUIRE(engine::HashSubject(hash, *context.view().Find(model::kTargetingKey)));
  return hash.Finish();
}

// Pearson's statistic against equally large expectations. For `degrees` of freedom it has mean
// `degrees` and variance `2 * degrees`; Limit is five standard deviations above, which for 99 and
// more degrees a fair source exceeds less than once in 100 000 times.
double ChiSquare(const std::vector<int>& counts, double expected) {
  double sum = 0;
  for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}
double Limit(double degrees) {
  return degrees + 5 * std::sqrt(2 * degrees);
}

}  // namespace

TEST_CASE("a million subjects are spread evenly over a hundred places, whatever the salt") {
  for (const char* salt : {"", "a", "9f1c2ab8", "checkout"}) {
    const engine::Murmur3 prefix = engine::BucketPrefix(salt, "split");
    std::vector<int> counts(100);
    for (int i = 0; i < kSubjects; ++i) {
      ++counts[engine::BucketPosition(HashOf(prefix, i), 100)];
    }
    CHECK(ChiSquare(counts, kSubjects / 100.0) < Limit(99));
  }
}

// A table of where each subject is in one and in the other: if the two are independent, each of the
// 20 x 20 cells has the same expectation. The margins are fixed by nothing, so 399 degrees.
TEST_CASE("gate and split, two salts, and a layer beside them, are independent of each other") {
  const std::vector<std::pair<std::string, std::string>> sources = {
      {"s", "gate"}, {"s", "split"}, {"t", "split"}, {"s", "layer"}};
  for (std::size_t a = 0; a < sources.size(); ++a) {
    for (std::size_t b = a + 1; b < sources.size(); ++b) {
      const auto left = engine::BucketPrefix(sources[a].first, sources[a].second);
      const auto right = engine::BucketPrefix(sources[b].first, sources[b].second);
      std::vector<int> counts(400);
      for (int i = 0; i < kSubjects / 4; ++i) {
        ++counts[engine::BucketPosition(HashOf(left, i), 20) * 20 +
                 engine::BucketPosition(HashOf(right, i), 20)];
      }
      CHECK(ChiSquare(counts, kSubjects / 1600.0) < Limit(399));
    }
  }
}

TEST_CASE("ranges of a layer that do not overlap share nobody and leave nobody out") {
  const auto flag = [](int from, int to) {
    return R"({"type":"boolean","variants":[{"key":"on","value":true}],"rules":[{"gate":{"layer":"l",
      "from":)" +
           std::to_string(from) + R"(,"to":)" + std::to_string(to) +
           R"(},"serve":{"variant":"on"}}]})";
  };
  const Attached set(R"({"a":)" + flag(0, 20) + R"(,"b":)" + flag(20, 70) + R"(,"c":)" +
                     flag(70, 100) + '}');
  std::vector<int> counts(3);
  for (int i = 0; i < 100'000; ++i) {
    const client::Context user("user-" + std::to_string(i));
    int in = 0;
    for (std::size_t f = 0; f < 3; ++f) {
      const bool is_in = set.Ask(std::string(1, static_cast<char>('a' + f)), user).has_value;
      in += is_in ? 1 : 0;
      counts[f] += is_in ? 1 : 0;
    }
    REQUIRE(in == 1);
  }
  // Five standard deviations of a binomial count.
  CHECK(std::abs(counts[0] - 20'000) < 5 * std::sqrt(100'000 * 0.2 * 0.8));
  CHECK(std::abs(counts[1] - 50'000) < 5 * std::sqrt(100'000 * 0.5 * 0.5));
}

TEST_CASE("a ramp only ever adds subjects, and is where it should be at each moment") {
  const Attached set(R"({"f":{"type":"boolean",
    "variants":[{"key":"on","value":true},{"key":"off","value":false}],
    "default":{"split":{"weights":[{"variant":"off","weight":1000}],
      "ramp":{"variant":"on","from":0,"to":1000,"startWeight":0,"endWeight":1000}}}}})");
  constexpr int kUsers = 20'000;
  std::vector<bool> before(kUsers);
  for (int percent = 0; percent <= 100; percent += 10) {
    int on = 0;
    for (int i = 0; i < kUsers; ++i) {
      const client::Context user("user-" + std::to_string(i));
      const bool is_on = set.Ask("f", user, percent * 10).boolean;
      REQUIRE((is_on || !before[static_cast<std::size_t>(i)]));
      before[static_cast<std::size_t>(i)] = is_on;
      on += is_on ? 1 : 0;
    }
    const double share = percent / 100.0;
    CHECK(std::abs(on - kUsers * share) <= 5 * std::sqrt(kUsers * share * (1 - share)));
  }
}

TEST_CASE("weights that grow at the front keep everybody in front where they are") {
  const auto split = [](int on) {
    return Attached(
        R"({"f":{"type":"boolean","variants":[{"key":"on","value":true},{"key":"off","value":false}],
      "default":{"split":{"weights":[{"variant":"on","weight":)" +
        std::to_string(on) + R"(},{"variant":"off","weight":)" + std::to_string(1000 - on) +
        "}]}}}}");
  };
  std::vector<bool> before(10'000);
  for (const int weight : {1, 10, 55, 300, 999, 1000}) {
    const Attached set = split(weight);
    for (std::size_t i = 0; i < before.size(); ++i) {
      const bool is_on = set.Ask("f", client::Context("user-" + std::to_string(i))).boolean;
      REQUIRE((is_on || !before[i]));
      before[i] = is_on;
    }
  }
}

}  // namespace pennon::test
