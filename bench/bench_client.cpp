// Evaluates in the process through libpennon, against the engine alone in the same run: one flag of
// 10,000, of which 20 have a regular expression, by handle and by key. Prints figures as lines of
// JSON.
#include <cstdlib>
#include <deque>
#include <new>
#include <string>
#include <vector>

#include "bench/figure.h"
#include "bench/flag_set.h"
#include "bench/measure.h"
#include "bench/questions.h"
#include "client/core.h"
#include "engine/compile.h"
#include "engine/evaluate.h"
#include "wire/native_document.h"

namespace {

std::size_t allocations = 0;

}  // namespace

// The benchmark's own hook: an evaluation must not allocate.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace pennon::bench {
namespace {

const int kRounds = Rounds(15);
constexpr std::size_t kFlags = 10'000;
constexpr std::size_t kPatterns = 20;
constexpr std::size_t kQuestions = std::size_t{1} << 17U;  // of one round
constexpr double kAtMostByHandle = 1.3;
constexpr double kAtMostByKey = 1.5;

volatile std::uint64_t sink;

template <typename Ask>
double Measure(const Questions& questions, Ask ask) {
  std::uint64_t on = 0;
  const std::int64_t begin = ThreadNanos();
  for (std::size_t i = 0; i < kQuestions; ++i) {
    on += ask(i, questions.all()[i]) ? 1 : 0;
  }
  const std::int64_t end = ThreadNanos();
  sink = on;
  return static_cast<double>(end - begin) / kQuestions;
}

void Run() {
  // First, so that they lie one beside the other and not in gaps of what is freed below.
  std::deque<client::FlagRef> refs;
  for (std::size_t i = 0; i < kFlags; ++i) refs.emplace_back(FlagKey(i));
  const Questions questions(kQuestions, kFlags);
  const std::string definitions = FlagSetText(kFlags, kPatterns);
  const auto set = wire::ReadNativeDocument(definitions);
  if (!set) Abort("the flags cannot be read");
  auto compiled = engine::Compile(*set);
  if (!compiled) Abort("the flags do not compile");
  const auto snapshot = engine::Snapshot::Attach(compiled->image);
  if (!snapshot) Abort("the image does not attach");
  client::PrepareReaders();
  client::CoreOptions options;
  options.is_embedded = true;
  options.definitions = definitions;
  client::Core core(std::move(options));

  std::vector<engine::FlagHandle> handles;
  for (const client::FlagRef& ref : refs) handles.push_back(*snapshot->Find(ref.key()));
  // Who asks by handle has them lying somewhere: both sides go there for each.
  std::vector<const engine::FlagHandle*> engine_asked;
  std::vector<const client::FlagRef*> asked;
  for (const auto& question : questions.all()) {
    std::size_t at = 0;  // keys are in the order of their numbers
    for (std::size_t low = 0, high = kFlags; low < high;) {
      at = (low + high) / 2;
      if (refs[at].key() < question.key) {
        low = at + 1;
      } else {
        high = at;
      }
      at = low;
    }
    asked.push_back(&refs[at]);
    engine_asked.push_back(&handles[at]);
  }
  const auto engine_by_handle = [&](std::size_t i, const Questions::Question& question) {
    return engine::Evaluate(*snapshot, *engine_asked[i], *question.context, {}).boolean;
  };
  const auto engine_by_key = [&](std::size_t, const Questions::Question& question) {
    return engine::Evaluate(*snapshot, question.key, *question.context, {}).boolean;
  };
  const auto client_by_handle = [&](std::size_t i, const Questions::Question& question) {
    return core.Value(*asked[i], *question.context, false);
  };
  const auto client_by_key = [&](std::size_t, const Questions::Question& question) {
    return core.Value(question.key, *question.context, false);
  };
  for (std::size_t i = 0; i < kQuestions; ++i) {
    const auto& question = questions.all()[i];
    const bool expected = engine_by_handle(i, question);
    if (client_by_handle(i, question) != expected || client_by_key(i, question) != expected) {
      Abort("the library answers something else than the engine");
    }
  }
  std::vector<double> floors[2];
  std::vector<double> values[2];
  const std::size_t before = allocations;
  std::size_t harness = 0;
  for (int round = 0; round < kRounds; ++round) {
    floors[0].push_back(Measure(questions, engine_by_handle));
    values[0].push_back(Measure(questions, client_by_handle));
    floors[1].push_back(Measure(questions, engine_by_key));
    values[1].push_back(Measure(questions, client_by_key));
    harness += 4;  // the vectors above
  }
  if (allocations > before + harness) {
    Abort("evaluations have allocated " + std::to_string(allocations - before - harness) +
          " times");
  }
  const char* const names[] = {"client: one flag of 10000 in the process, by handle",
                               "client: one flag of 10000 in the process, by key"};
  const double at_most[] = {kAtMostByHandle, kAtMostByKey};
  for (int i = 0; i < 2; ++i) {
    Figure figure{names[i], "ns", Median(values[i]), Median(floors[i])};
    figure.ratio = MedianRatio(values[i], floors[i]);
    figure.at_most = at_most[i];
    Print(figure);
  }
}

}  // namespace
}  // namespace pennon::bench

int main() {
  pennon::bench::Run();
}
