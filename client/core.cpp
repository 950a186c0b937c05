#include "client/core.h"

#include <time.h>

#include <algorithm>
#include <memory>

#include "base/file.h"
#include "wire/limits.h"

namespace pennon::client {

using base::Error;
using base::Fail;
using base::Result;
using model::EvaluationError;

namespace {

constexpr std::size_t kMaxDefinitionsBytes = std::size_t{64} << 20U;
constexpr timespec kReadyPause{0, 1'000'000};

}  // namespace

Core::Live::Live(const Core& core) : fork(ForkCount()), frames(core.options_.keeper.client) {}

void Core::StartKeeper(Live& live) {
  live.keeper.store(new Keeper(options_.keeper, live.frames, evaluator_,
                               [this](std::uint64_t epoch, std::uint64_t revision) {
                                 if (Listener() == nullptr) return;
                                 // Looked at again when it is told: its owner may have taken the
                                 // listener away by then, and with it what it uses.
                                 completions_.Add(Completion{[this, epoch, revision] {
                                   if (const auto changed = Listener()) (*changed)(epoch, revision);
                                 }});
                               }));
}

Core::Core(CoreOptions options) : options_(std::move(options)), fork_(ForkCount()) {
  if (options_.is_embedded) {
    LoadDefinitions();
  } else {
    auto live = std::make_unique<Live>(*this);
    if (options_.keeper.maps) StartKeeper(*live);
    live_.store(live.release(), std::memory_order_release);
  }
}

// After a fork the threads of the old one are not here, and joining them would wait for ever.
Core::~Core() {
  Live* const last = live_.load(std::memory_order_acquire);
  if (last == nullptr) return;
  if (last->fork == ForkCount()) {
    delete last;
  } else {
    last->frames.AbandonAfterFork();
    if (Keeper* keeper = last->keeper.load()) keeper->AbandonAfterFork();
  }
}

void Core::LoadDefinitions() {
  Result<void> loaded;
  if (!options_.definitions_file.empty()) {
    const auto text = base::ReadFile(options_.definitions_file, kMaxDefinitionsBytes);
    loaded = text ? SetDocument(*text) : Fail(text.error());
    if (!loaded) loaded = Fail(loaded.error().Within(options_.definitions_file));
  } else if (!options_.definitions.empty()) {
    loaded = SetDocument(options_.definitions);
  }
  error_ = loaded ? "there are no definitions" : loaded.error().Message();
}

Result<void> Core::SetDocument(std::string_view text) {
  auto set = LocalSet::FromDocument(text);
  if (!set) return Fail(set.error());
  evaluator_.Replace(std::move(*set));
  return {};
}

Core::Live& Core::live() {
  Live* now = live_.load(std::memory_order_acquire);
  if (now->fork == ForkCount()) return *now;
  const ForkLock lock;
  now = live_.load(std::memory_order_acquire);
  if (now->fork == ForkCount()) return *now;
  // Left alone but for its descriptors: its threads and locks are the parent's.
  now->frames.AbandonAfterFork();
  Keeper* const keeper = now->keeper.load();
  if (keeper != nullptr) keeper->AbandonAfterFork();
  now = new Live(*this);
  evaluator_.LeaveUsageToParent();
  if (keeper != nullptr) StartKeeper(*now);
  fork_.store(now->fork, std::memory_order_relaxed);
  live_.store(now, std::memory_order_release);
  return *now;
}

void Core::Notice() noexcept {
  if (live_.load(std::memory_order_acquire) == nullptr) {
    fork_.store(ForkCount(), std::memory_order_relaxed);
    return;
  }
  try {
    Keeper* const keeper = live().keeper.load(std::memory_order_acquire);
    if (keeper != nullptr) keeper->Wake();
  } catch (...) {  // no memory: the old set goes on
  }
}

// Whether there is one; as every evaluation does, it sees to it that the set is followed.
bool Core::LookAtSet() noexcept {
  bool is_noteworthy = false;
  const bool is_local =
      evaluator_.Read([&](const LocalSet& set) { is_noteworthy = set.IsOutdated() || IsForked(); });
  if (is_noteworthy) Notice();
  return is_local;
}

void Core::AskOverFrames(std::string_view key, const model::Context& context, Answer& answer,
                         std::int64_t most_millis) noexcept {
  try {
    if (!options_.is_embedded) return live().frames.Evaluate(key, context, answer, most_millis);
    answer.key = key;
    answer.Fail(EvaluationError::kProviderNotReady, error_);
  } catch (...) {
    answer.Fail(EvaluationError::kGeneral, "out of memory");
  }
}

void Core::Describe(std::string_view key, const model::Evaluation& evaluation, const LocalSet& set,
                    Answer& answer) {
  answer.key = key;
  answer.Take(evaluation);
  answer.state = set.State();
  const bool is_known = set.snapshot().Find(key).has_value();
  answer.source = is_known ? answer.state.source : model::Source::kDefault;
}

template <typename Flag>
void Core::Evaluate(const Flag& flag, const model::Context& context,
                    std::optional<model::ValueType> wanted, Answer& answer,
                    std::int64_t most_millis) noexcept {
  try {
    bool is_noteworthy = false;
    const bool is_local = evaluator_.Evaluate(
        flag, context, [&](const model::Evaluation& evaluation, const LocalSet& set) {
          is_noteworthy = set.IsOutdated() || IsForked();
          Describe(KeyOf(flag), evaluation, set, answer);
        });
    if (is_noteworthy) Notice();
    if (!is_local) AskOverFrames(KeyOf(flag), context, answer, most_millis);
    if (wanted) answer.Require(*wanted);
  } catch (...) {
    answer.Fail(EvaluationError::kGeneral, "out of memory");
  }
}

template void Core::Evaluate(const FlagRef&, const model::Context&, std::optional<model::ValueType>,
                             Answer&, std::int64_t) noexcept;
template void Core::Evaluate(const std::string_view&, const model::Context&,
                             std::optional<model::ValueType>, Answer&, std::int64_t) noexcept;

bool Core::ValueOverFrames(std::string_view key, const model::Context& context,
                           bool fallback) noexcept {
  Answer answer;
  AskOverFrames(key, context, answer);
  answer.Require(model::ValueType::kBoolean);
  return answer.has_value ? answer.boolean : fallback;
}
std::int64_t Core::ValueOverFrames(std::string_view key, const model::Context& context,
                                   std::int64_t fallback) noexcept {
  Answer answer;
  AskOverFrames(key, context, answer);
  answer.Require(model::ValueType::kInteger);
  return answer.has_value ? answer.integer : fallback;
}
double Core::ValueOverFrames(std::string_view key, const model::Context& context,
                             double fallback) noexcept {
  Answer answer;
  AskOverFrames(key, context, answer);
  answer.Require(model::ValueType::kNumber);
  return answer.has_value ? answer.number : fallback;
}

Result<std::vector<Answer>> Core::EvaluateAll(std::vector<std::string_view> keys,
                                              const model::Context& context) noexcept {
  try {
    if (keys.size() > wire::kMaxBatchFlags) {
      return Fail(Error::Limit("flags", "are more than " + std::to_string(wire::kMaxBatchFlags)));
    }
    std::vector<Answer> answers;
    std::size_t bytes = 0;  // flags may share what each answer has a copy of
    const bool is_local = evaluator_.EvaluateEach(
        keys, context,
        [&](std::string_view key, const model::Evaluation& evaluation, const LocalSet& set) {
          bytes += evaluation.value_json.size() + evaluation.metadata.size();
          if (bytes > wire::kMaxAnswerBytes) return;
          Answer& answer = answers.emplace_back();
          Describe(key, evaluation, set, answer);
        });
    if (is_local) {
      LookAtSet();
      if (bytes <= wire::kMaxAnswerBytes) return answers;
      return Fail(Error::Limit("batch", "has an answer of more than " +
                                            std::to_string(wire::kMaxAnswerBytes) +
                                            " bytes; name fewer flags"));
    }
    if (options_.is_embedded) return Fail(Error::Unavailable("", error_));
    return live().frames.EvaluateAll(keys, context);
  } catch (...) {
    return Fail(Error::Internal("", "out of memory"));
  }
}

// Once this has returned nothing needs memory any more but the answer, which can do without.
void Core::EvaluateAsync(std::string key, const Context& context, model::ValueType wanted,
                         std::function<void(Answer&)> done) {
  auto answer = std::make_shared<Answer>();
  Completion completion;
  completion.push_back([answer, done = std::move(done)] { done(*answer); });
  if (options_.is_embedded || evaluator_.Read([](const LocalSet&) {})) {
    Evaluate(std::string_view(key), context.view(), wanted, *answer);
    return completions_.Add(std::move(completion));
  }
  answer->key = key;
  auto copy = std::make_shared<Context>();
  copy->Merge(context);
  Live& now = live();
  {
    const ForkLock lock;
    if (now.calls == nullptr) now.calls = std::make_unique<AsyncCalls>();
  }
  const Deadline deadline = DeadlineIn(options_.keeper.client.timeout_millis);
  now.calls->Add([this, key = std::move(key), copy, wanted, answer, deadline,
                  completion = std::make_shared<Completion>(std::move(completion))] {
    if (const std::int64_t left = deadline - DeadlineIn(0); left > 0) {
      Evaluate(std::string_view(key), copy->view(), wanted, *answer, left);
    } else {
      answer->Fail(EvaluationError::kGeneral, "other calls of this client were still waiting");
    }
    completions_.Add(std::move(*completion));
  });
}

bool Core::WaitReady(std::int64_t millis) noexcept {
  const Deadline deadline = DeadlineIn(millis);
  try {
    Answer answer;
    while (true) {
      if (LookAtSet()) return true;
      if (options_.is_embedded) return false;
      const Keeper* const keeper = live().keeper.load(std::memory_order_acquire);
      if (keeper == nullptr || keeper->HasSettled()) {
        live().frames.Evaluate("", {}, answer, std::max<std::int64_t>(deadline - DeadlineIn(0), 1));
        if (answer.error == EvaluationError::kFlagNotFound) return true;
      }
      if (DeadlineIn(0) >= deadline) return false;
      ::nanosleep(&kReadyPause, nullptr);
    }
  } catch (...) {
    return false;
  }
}

const char* Core::Way() const noexcept {
  const char* way = options_.is_embedded ? "embedded" : "frames";
  evaluator_.Read([&](const LocalSet& set) { way = set.IsMapped() ? "mapped" : "embedded"; });
  return way;
}

std::shared_ptr<Keeper::Changed> Core::Listener() const {
  const ForkLock lock;
  return changed_;
}

void Core::OnChange(Keeper::Changed changed) {
  const bool is_wanted = changed != nullptr;
  auto next = is_wanted ? std::make_shared<Keeper::Changed>(std::move(changed)) : nullptr;
  {
    const ForkLock lock;
    changed_ = std::move(next);
  }
  if (!is_wanted || options_.is_embedded) return;
  Live& now = live();
  const ForkLock lock;
  if (now.keeper.load() == nullptr) StartKeeper(now);
}

}  // namespace pennon::client
