// What a client is, behind the C functions: the ways to an answer, and which of them is taken.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/answer.h"
#include "client/async_calls.h"
#include "client/client.h"
#include "client/completions.h"
#include "client/evaluator.h"
#include "client/keeper.h"

namespace pennon::client {

struct CoreOptions {
  KeeperOptions keeper;
  bool is_embedded = false;
  std::string definitions;       // of an embedded client; "": none
  std::string definitions_file;  // likewise
};

/// Safe to use from any thread. Nothing throws but what says so.
class Core {
 public:
  explicit Core(CoreOptions options);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  /// The flag's value, or `fallback`. Flag: a FlagRef, or a key. T: bool, int64_t, double.
  template <typename T, typename Flag>
  T Value(const Flag& flag, const model::Context& context, T fallback) noexcept {
    T value = fallback;
    bool is_noteworthy = false;
    const bool is_local = evaluator_.Evaluate(
        flag, context, [&](const model::Evaluation& answer, const LocalSet& set) {
          is_noteworthy = set.IsOutdated() || IsForked();
          value = ValueOf(answer, fallback);
        });
    if (is_noteworthy) [[unlikely]] {
      Notice();
    }
    return is_local ? value : ValueOverFrames(KeyOf(flag), context, fallback);
  }

  /// All about it; an error is in the answer. `wanted`: none for whatever type it is.
  /// `most_millis`: when the caller's deadline is nearer than the client's.
  template <typename Flag>
  void Evaluate(const Flag& flag, const model::Context& context,
                std::optional<model::ValueType> wanted, Answer& answer,
                std::int64_t most_millis = INT64_MAX) noexcept;
  /// No keys: all flags.
  base::Result<std::vector<Answer>> EvaluateAll(std::vector<std::string_view> keys,
                                                const model::Context& context) noexcept;
  /// `done` is called once, by completions(), and may take the answer. Throws when there is no
  /// memory: then it is not called.
  void EvaluateAsync(std::string key, const Context& context, model::ValueType wanted,
                     std::function<void(Answer&)> done);

  bool WaitReady(std::int64_t millis) noexcept;
  [[nodiscard]] const char* Way() const noexcept;
  void OnChange(Keeper::Changed changed);
  Completions& completions() { return completions_; }
  /// Puts a native document in force: of embedded clients.
  base::Result<void> SetDocument(std::string_view text);

 private:
  // What belongs to this process alone: after a fork the child has another one.
  struct Live {
    explicit Live(const Core& core);
    ~Live() { delete keeper.load(); }
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;
    std::uint64_t fork;
    Client frames;
    std::atomic<Keeper*> keeper{nullptr};  // null: not needed yet
    std::unique_ptr<AsyncCalls> calls;     // guarded by ForkLock; null: likewise
  };

  [[nodiscard]] bool IsForked() const {
    return ForkCount() != fork_.load(std::memory_order_relaxed);
  }
  Live& live();
  [[gnu::noinline]] void Notice() noexcept;
  bool LookAtSet() noexcept;
  void StartKeeper(Live& live);
  [[nodiscard]] std::shared_ptr<Keeper::Changed> Listener() const;
  void LoadDefinitions();
  static void Describe(std::string_view key, const model::Evaluation& evaluation,
                       const LocalSet& set, Answer& answer);
  static std::string_view KeyOf(const FlagRef& flag) { return flag.key(); }
  static std::string_view KeyOf(std::string_view key) { return key; }

  static bool ValueOf(const model::Evaluation& answer, bool fallback) {
    const bool fits = answer.has_value && answer.type == model::ValueType::kBoolean;
    return fits ? answer.boolean : fallback;
  }
  static std::int64_t ValueOf(const model::Evaluation& answer, std::int64_t fallback) {
    const bool fits = answer.has_value && answer.type == model::ValueType::kInteger;
    return fits ? answer.integer : fallback;
  }
  static double ValueOf(const model::Evaluation& answer, double fallback) {
    if (!answer.has_value) return fallback;
    if (answer.type == model::ValueType::kInteger) return static_cast<double>(answer.integer);
    return answer.type == model::ValueType::kNumber ? answer.number : fallback;
  }
  bool ValueOverFrames(std::string_view key, const model::Context& context, bool fallback) noexcept;
  std::int64_t ValueOverFrames(std::string_view key, const model::Context& context,
                               std::int64_t fallback) noexcept;
  double ValueOverFrames(std::string_view key, const model::Context& context,
                         double fallback) noexcept;
  void AskOverFrames(std::string_view key, const model::Context& context, Answer& answer,
                     std::int64_t most_millis = INT64_MAX) noexcept;

  CoreOptions options_;
  std::atomic<std::uint64_t> fork_;  // ForkCount of `live_`
  Evaluator evaluator_;
  std::atomic<Live*> live_{nullptr};  // null: embedded
  std::string error_;                 // of an embedded client's definitions
  Completions completions_;
  std::shared_ptr<Keeper::Changed> changed_;  // guarded by ForkLock
};

}  // namespace pennon::client
