// Evaluates one flag of 10, 10,000 and 100,000, by key and by handle, against the cost of one
// murmur3 of 40 bytes in the same run. Prints figures as lines of JSON.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <vector>

#include "bench/figure.h"
#include "bench/flag_set.h"
#include "bench/measure.h"
#include "bench/questions.h"
#include "engine/compile.h"
#include "engine/evaluate.h"
#include "engine/hash.h"

namespace pennon::bench {
namespace {

const int kRounds = Rounds(15);
constexpr std::size_t kQuestions = std::size_t{1} << 17U;  // of one round
constexpr std::size_t kFloorKeyBytes = 40;
constexpr double kOnRateTolerance = 0.03;

// Keeps the compiler from leaving out work whose result nobody reads.
volatile std::uint64_t sink;

class Floor {
 public:
  Floor() {
    std::mt19937_64 random(1);
    for (std::size_t i = 0; i < kSubjects * kFloorKeyBytes; ++i) {
      bytes_ += static_cast<char>('a' + random() % 26);
    }
  }

  // Nanoseconds of one hash.
  [[nodiscard]] double Measure() const {
    std::uint64_t sum = 0;
    const std::int64_t begin = ThreadNanos();
    for (std::size_t i = 0; i < kQuestions; ++i) {
      engine::Murmur3 hash;
      hash.Update(bytes_.data() + (i % kSubjects) * kFloorKeyBytes, kFloorKeyBytes);
      sum += hash.Finish();
    }
    const std::int64_t end = ThreadNanos();
    sink = sum;
    return static_cast<double>(end - begin) / kQuestions;
  }

 private:
  std::string bytes_;
};

class Contender {
 public:
  Contender(std::size_t flags, double at_most, std::optional<double> at_most_by_handle)
      : flags_(flags),
        at_most_(at_most),
        at_most_by_handle_(at_most_by_handle),
        image_(engine::Compile(MakeFlagSet(flags))->image),
        snapshot_(*engine::Snapshot::Attach(image_)),
        questions_(kQuestions, flags) {
    for (const auto& question : questions_.all()) {
      const auto handle = snapshot_.Find(question.key);
      if (!handle) Abort("a flag of the set is not found");
      handles_.push_back(*handle);
    }
  }

  void Check() const {
    std::size_t on = 0;
    for (std::size_t i = 0; i < kQuestions; ++i) {
      const auto& question = questions_.all()[i];
      const auto by_key = engine::Evaluate(snapshot_, question.key, *question.context, {});
      const auto by_handle = engine::Evaluate(snapshot_, handles_[i], *question.context, {});
      if (!by_key.has_value || by_key.boolean != by_handle.boolean) Abort("an answer is wrong");
      on += by_key.boolean ? 1 : 0;
    }
    const double rate = static_cast<double>(on) / kQuestions;
    if (std::abs(rate - kOnRate) > kOnRateTolerance) {
      Abort("the rate of true is " + std::to_string(rate));
    }
  }

  void MeasureRound(double floor) {
    floors_.push_back(floor);
    by_key_.push_back(Measure([&](std::size_t i) {
      const auto& question = questions_.all()[i];
      return engine::Evaluate(snapshot_, question.key, *question.context, {});
    }));
    by_handle_.push_back(Measure([&](std::size_t i) {
      return engine::Evaluate(snapshot_, handles_[i], *questions_.all()[i].context, {});
    }));
  }

  void Report() const {
    const std::string name = "evaluate, " + std::to_string(flags_) + " flags, by ";
    Print({.name = name + "key",
           .unit = "ns",
           .value = Median(by_key_),
           .floor = Median(floors_),
           .ratio = MedianRatio(by_key_, floors_),
           .at_most = at_most_});
    Print({.name = name + "handle",
           .unit = "ns",
           .value = Median(by_handle_),
           .floor = Median(floors_),
           .ratio = MedianRatio(by_handle_, floors_),
           .at_most = at_most_by_handle_});
  }

 private:
  // Nanoseconds of one evaluation.
  template <typename Ask>
  double Measure(Ask&& ask) const {
    std::uint64_t sum = 0;
    // Once to bring the flags back into the caches that the other sets have taken over.
    for (std::size_t i = 0; i < kQuestions; ++i) sum += ask(i).boolean ? 1 : 0;
    const std::int64_t begin = ThreadNanos();
    for (std::size_t i = 0; i < kQuestions; ++i) sum += ask(i).boolean ? 1 : 0;
    const std::int64_t end = ThreadNanos();
    sink = sum;
    return static_cast<double>(end - begin) / kQuestions;
  }

  std::size_t flags_;
  double at_most_;  // of asking by key
  std::optional<double> at_most_by_handle_;
  engine::ImageBytes image_;
  engine::Snapshot snapshot_;
  Questions questions_;
  std::vector<engine::FlagHandle> handles_;
  std::vector<double> floors_;
  std::vector<double> by_key_;
  std::vector<double> by_handle_;
};

// A flag with a list of targets, asked about subjects of whom every other one is in it.
class Targets {
 public:
  explicit Targets(std::size_t count) {
    model::Flag flag;
    flag.key = "targeted";
    flag.variants = {{"on", true}, {"no", false}};
    flag.fallthrough = model::ServeVariant{"no"};
    model::Target target{.variant = "on"};
    for (std::size_t i = 0; i < count; ++i) target.values.emplace_back(SubjectKey(i));
    flag.targets.push_back(std::move(target));
    model::FlagSet set;
    set.environment = "bench";
    set.flags.push_back(std::make_shared<const model::Flag>(std::move(flag)));
    image_ = std::move(engine::Compile(set)->image);
    snapshot_ = *engine::Snapshot::Attach(image_);
    for (std::size_t i = 0; i < kSubjects; ++i) {
      keys_.push_back(SubjectKey(i % 2 == 0 ? i * 7919 % count : count + i));
    }
  }

  // Nanoseconds of one evaluation.
  [[nodiscard]] double Measure() const {
    std::uint64_t sum = 0;
    model::Context context;
    const std::int64_t begin = ThreadNanos();
    for (std::size_t i = 0; i < kQuestions; ++i) {
      context.Clear();
      context.AddString(model::kTargetingKey, keys_[i % kSubjects]);
      sum += engine::Evaluate(snapshot_, "targeted", context, {}).boolean ? 1 : 0;
    }
    const std::int64_t end = ThreadNanos();
    if (sum != kQuestions / 2) Abort("a target is not found");
    return static_cast<double>(end - begin) / kQuestions;
  }

 private:
  static std::string SubjectKey(std::size_t index) {
    return "user-" + std::to_string(100'000'000 + index);
  }

  engine::ImageBytes image_;
  engine::Snapshot snapshot_;
  std::vector<std::string> keys_;
};

void CompareTargets() {
  const Targets few(10);
  const Targets many(100'000);
  std::vector<double> ours;
  std::vector<double> floors;
  for (int round = 0; round < kRounds; ++round) {
    floors.push_back(few.Measure());
    ours.push_back(many.Measure());
  }
  Print({.name = "evaluate, 100000 targets against 10",
         .unit = "ns",
         .value = Median(ours),
         .floor = Median(floors),
         .ratio = MedianRatio(ours, floors),
         .at_most = 2});
}

// What finding a random one of 100,000 flags waits for: a slot of the hash table names its block,
// and both are memory that no processor keeps near. One after the other, as if nothing else were
// under way, and as many at once as the processor has in flight: an evaluation is between the two.
class Memory {
 public:
  Memory() : blocks_(kBytes), slots_(kSlots), order_(kSlots) {
    std::vector<std::uint32_t> places(kPlaces);
    std::iota(places.begin(), places.end(), 0U);
    std::iota(order_.begin(), order_.end(), 0U);
    std::mt19937_64 random(1);
    std::shuffle(places.begin(), places.end(), random);
    std::shuffle(order_.begin(), order_.end(), random);
    for (std::size_t i = 0; i < kPlaces; ++i) {
      slots_[order_[i]] = places[i];
      std::memcpy(&blocks_[places[i] * kStride], &order_[(i + 1) % kPlaces], sizeof(std::uint32_t));
    }
  }

  [[nodiscard]] double OneAfterTheOther() const {
    std::uint32_t slot = order_.front();
    const std::int64_t begin = ThreadNanos();
    for (std::size_t i = 0; i < kQuestions; ++i) slot = NextOf(slot);
    const std::int64_t end = ThreadNanos();
    sink = slot;
    return static_cast<double>(end - begin) / kQuestions;
  }

  [[nodiscard]] double AtOnce() const {
    std::uint32_t sum = 0;
    const std::int64_t begin = ThreadNanos();
    for (std::size_t i = 0; i < kQuestions; ++i) sum += NextOf(order_[i % kPlaces]);
    const std::int64_t end = ThreadNanos();
    sink = sum;
    return static_cast<double>(end - begin) / kQuestions;
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{20} << 20U;
  static constexpr std::size_t kStride = 192;
  static constexpr std::size_t kPlaces = kBytes / kStride;
  static constexpr std::size_t kSlots = std::size_t{1} << 18U;

  [[nodiscard]] std::uint32_t NextOf(std::uint32_t slot) const {
    std::uint32_t next = 0;
    std::memcpy(&next, &blocks_[slots_[slot] * kStride], sizeof(next));
    return next;
  }

  engine::ImageBytes blocks_;
  std::vector<std::uint32_t> slots_;
  std::vector<std::uint32_t> order_;
};

void MeasureMemory() {
  const Memory memory;
  const Floor floor;
  const auto measure = [&](const char* how, double (Memory::*read)() const) {
    std::vector<double> reads;
    std::vector<double> floors;
    for (int round = 0; round < kRounds; ++round) {
      floors.push_back(floor.Measure());
      reads.push_back((memory.*read)());
    }
    Print({.name = std::string("a slot of 1 MB, and the block of 20 MB that it names, ") + how,
           .unit = "ns",
           .value = Median(reads),
           .floor = Median(floors),
           .ratio = MedianRatio(reads, floors)});
  };
  measure("one after the other", &Memory::OneAfterTheOther);
  measure("many at once", &Memory::AtOnce);
}

void Run() {
  const Floor floor;
  std::vector<std::unique_ptr<Contender>> contenders;
  contenders.push_back(std::make_unique<Contender>(10, 5, 3.5));
  contenders.push_back(std::make_unique<Contender>(10'000, 8, std::nullopt));
  contenders.push_back(std::make_unique<Contender>(100'000, 15, std::nullopt));
  for (const auto& contender : contenders) contender->Check();
  for (int round = 0; round < kRounds; ++round) {
    for (const auto& contender : contenders) contender->MeasureRound(floor.Measure());
  }
  for (const auto& contender : contenders) contender->Report();
  CompareTargets();
  MeasureMemory();
}

}  // namespace
}  // namespace pennon::bench

int main() {
  pennon::bench::Run();
  return 0;
}
