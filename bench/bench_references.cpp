// Evaluates the questions of references.json beside what references.mjs needed for them in the same
// run. Prints figures as lines of JSON: bench_references QUESTIONS MEASURED.
#include <cstdio>
#include <string>
#include <vector>

#include "base/file.h"
#include "bench/figure.h"
#include "bench/measure.h"
#include "client/context.h"
#include "engine/compile.h"
#include "engine/evaluate.h"
#include "wire/document.h"
#include "wire/json.h"

namespace pennon::bench {
namespace {

using model::Value;

const int kRounds = Rounds(15);
constexpr std::size_t kEvaluations = 200'000;  // of one round
constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20U;
constexpr double kSecond = 1e9;

Value ReadFile(const std::string& path) {
  const auto text = base::ReadFile(path, kMaxFileBytes);
  if (!text) Abort(text.error().Message());
  auto value = wire::ReadJson(*text);
  if (!value) Abort(path + ": " + value.error().Message());
  return std::move(*value);
}

// One flag and the subjects that it is asked for.
class Questions {
 public:
  Questions(const Value& given, const Value& contexts, wire::DocumentFormat format)
      : flag_(*given.Find("flag")->AsString()) {
    std::string text;
    AppendJson(text, *given.Find("doc"));
    wire::DocumentOptions options;
    options.format = format;
    options.environment = "bench";
    const auto document = wire::ReadDocument(text, options);
    if (!document) Abort(document.error().Message());
    image_ = engine::Compile(document->set)->image;
    snapshot_ = *engine::Snapshot::Attach(image_);
    for (const Value& context : *contexts.AsArray()) {
      client::Context& made = contexts_.emplace_back();
      for (const auto& [name, value] : *context.AsObject()) made.SetJson(name, value);
    }
  }

  // There is no number without the answers of the reference. A boolean of Unleash's is whether the
  // feature is on.
  void Check(const Value& answers) const {
    for (std::size_t i = 0; i < contexts_.size(); ++i) {
      const auto evaluation = Ask(contexts_[i]);
      std::string wanted;
      AppendJson(wanted, (*answers.AsArray())[i]);
      if (evaluation.value_json != wanted)
        Abort(flag_ + " is " + std::string(evaluation.value_json));
    }
  }

  // Nanoseconds of one evaluation, by key.
  [[nodiscard]] double Measure() const {
    std::vector<double> rounds;
    for (int round = 0; round < kRounds; ++round) {
      std::size_t with_value = 0;
      const std::int64_t began = ThreadNanos();
      for (std::size_t i = 0; i < kEvaluations; ++i) {
        with_value += Ask(contexts_[i % contexts_.size()]).has_value ? 1 : 0;
      }
      rounds.push_back(static_cast<double>(ThreadNanos() - began) / kEvaluations);
      if (with_value != kEvaluations) Abort("an evaluation had no value");
    }
    return Median(std::move(rounds));
  }

 private:
  [[nodiscard]] model::Evaluation Ask(const client::Context& context) const {
    return engine::Evaluate(snapshot_, flag_, context.view(), {});
  }

  std::string flag_;
  engine::ImageBytes image_;
  engine::Snapshot snapshot_;  // of image_
  std::vector<client::Context> contexts_;
};

void Compare(const std::string& name, const Value& given, const Value& reference,
             wire::DocumentFormat format, double at_least) {
  const Questions questions(given, *reference.Find("contexts"), format);
  questions.Check(*reference.Find("answers"));
  const double ours = kSecond / questions.Measure();
  const double theirs = kSecond / *reference.Find("nanos")->AsDouble();
  Print({.name = name,
         .unit = "1/s",
         .value = ours,
         .floor = theirs,
         .ratio = ours / theirs,
         .at_least = at_least});
}

}  // namespace
}  // namespace pennon::bench

int main(int argc, char** argv) {
  using namespace pennon;
  if (argc != 3) bench::Abort("usage: bench_references QUESTIONS MEASURED");
  const auto given = bench::ReadFile(argv[1]);
  const auto measured = bench::ReadFile(argv[2]);
  bench::Compare("flagd targeting, against flagd-core", *given.Find("flagd"),
                 *measured.Find("flagd"), wire::DocumentFormat::kFlagd, 8);
  bench::Compare("Unleash rollout, against unleash-client", *given.Find("unleash"),
                 *measured.Find("unleash"), wire::DocumentFormat::kUnleash, 25);
}
