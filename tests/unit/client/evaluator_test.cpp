#include "client/evaluator.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace pennon::client {
namespace {

using Answers = std::map<std::tuple<std::string, std::string, model::Reason>, std::uint64_t>;

std::unique_ptr<const LocalSet> Set() {
  auto set = LocalSet::FromDocument(R"({"environment": "production", "flags": {
    "always": {"type": "boolean", "variants": [{"key": "on", "value": true}],
               "default": {"variant": "on"}},
    "many": {"type": "integer", "variants": [{"key": "a", "value": 1}, {"key": "b", "value": 2},
             {"key": "c", "value": 3}, {"key": "d", "value": 4}, {"key": "e", "value": 5},
             {"key": "f", "value": 6}], "default": {"split": {"weights": [
             {"variant": "a", "weight": 1}, {"variant": "b", "weight": 1},
             {"variant": "c", "weight": 1}, {"variant": "d", "weight": 1},
             {"variant": "e", "weight": 1}, {"variant": "f", "weight": 1}]}}},
    "none": {"type": "boolean", "variants": [{"key": "on", "value": true}],
             "default": "codeDefault"}}})");
  REQUIRE(set);
  return std::move(*set);
}

// Asks each flag `times` times and notes what was answered.
Answers Ask(const Evaluator& evaluator, int times) {
  Answers answers;
  for (int i = 0; i < times; ++i) {
    const std::string user = "user-" + std::to_string(i);
    model::Context context;
    context.AddString(model::kTargetingKey, user);
    for (const char* key : {"always", "many", "none"}) {
      evaluator.Evaluate(std::string_view(key), context,
                         [&](const model::Evaluation& answer, const LocalSet&) {
                           ++answers[{key, std::string(answer.variant), answer.reason}];
                         });
    }
  }
  return answers;
}

Answers Collected(Evaluator& evaluator) {
  Answers answers;
  for (const Usage& one : evaluator.CollectUsage()) {
    answers[{one.key, one.variant, one.reason}] += one.count;
  }
  return answers;
}

void Add(Answers& sum, const Answers& more) {
  for (const auto& [answer, count] : more) sum[answer] += count;
}

}  // namespace

TEST_CASE("every answer is counted once: of all threads, of every variant, and of a set replaced") {
  Evaluator evaluator;
  evaluator.Replace(Set());
  Answers expected = Ask(evaluator, 1'000);
  CHECK(expected.size() == 8);
  std::vector<std::thread> threads;
  std::vector<Answers> asked(3);
  for (Answers& answers : asked) {
    threads.emplace_back([&] { answers = Ask(evaluator, 700); });
  }
  Answers collected = Collected(evaluator);  // while they ask
  for (std::thread& thread : threads) thread.join();
  for (const Answers& answers : asked) Add(expected, answers);
  Add(collected, Collected(evaluator));
  CHECK(collected == expected);
  CHECK(Collected(evaluator).empty());

  expected = Ask(evaluator, 300);
  evaluator.Replace(Set());
  Add(expected, Ask(evaluator, 20));
  CHECK(Collected(evaluator) == expected);
}

TEST_CASE("two evaluators of one thread count each their own answers") {
  Evaluator one;
  Evaluator other;
  one.Replace(Set());
  other.Replace(Set());
  const Answers of_one = Ask(one, 300);
  const Answers of_other = Ask(other, 40);
  CHECK(Collected(one) == of_one);
  CHECK(Collected(other) == of_other);
}

}  // namespace pennon::client
