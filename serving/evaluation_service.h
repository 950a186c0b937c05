// Answers questions about flags on one worker: the one evaluation service behind every way in.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "engine/evaluate.h"
#include "engine/explain.h"
#include "model/context.h"
#include "model/evaluation.h"
#include "net/http_message.h"
#include "serving/grant.h"
#include "serving/host_context.h"
#include "serving/published.h"
#include "serving/usage_sink.h"

namespace pennon::serving {

/// Counts of one worker. Written by the worker only, with plain stores; safe to read from any
/// thread.
struct EvaluationCounts {
  std::array<std::atomic<std::uint64_t>, 6> by_reason{};  // in the order of model::Reason
  std::array<std::atomic<std::uint64_t>, 6> reported{};   // the same, made and told by clients
};

/// One environment as one request sees it: the same snapshot, age and instant for all its flags.
struct Reading {
  std::shared_ptr<const Published> published;
  engine::Moment moment;
  std::int64_t age_millis = 0;
  bool stale = false;

  [[nodiscard]] std::uint64_t epoch() const;
  [[nodiscard]] std::uint64_t revision() const;
};

struct Answer {
  model::Evaluation evaluation;
  Source source = Source::kDefault;  // of this flag: kDefault when the flag set does not have it
};

/// So many answers of a client's own, as it tells them.
struct Reported {
  static constexpr std::uint64_t kMaxTimes = std::uint64_t{1} << 40U;  // more count as these

  std::string_view flag;
  std::string_view variant;  // "": none
  model::Reason reason = model::Reason::kError;
  std::uint64_t times = 0;
};

/// Confined to one worker, but for the counts.
class EvaluationService {
 public:
  explicit EvaluationService(const base::Clock& clock);

  /// Puts a flag set in force; replaces the one of the same environment.
  void Publish(std::shared_ptr<const Published> published);
  void Remove(std::string_view environment);
  /// Is called, on the worker, after each Publish.
  void OnPublished(std::function<void(const std::shared_ptr<const Published>&)> listener) {
    on_published_ = std::move(listener);
  }

  /// What the host adds to contexts from now on; null: nothing.
  [[nodiscard]] bool CompletesContexts() const { return host_ != nullptr && host_->HasFixed(); }
  void SetHostContext(std::shared_ptr<const HostContext> host) { host_ = std::move(host); }
  /// Adds it; `request` is null when the context did not come over HTTP, and is borrowed from.
  void CompleteContext(model::Context& context, const net::HttpRequest* request) const {
    if (host_ != nullptr) host_->AddTo(context, request);
  }

  /// Counts from now on, by flag, variant and reason; null: nowhere. Before the worker runs.
  void SetUsageSink(UsageSink* usage) { usage_ = usage; }

  /// The environment called `environment`; "" means the only one there is. Taken once a request.
  [[nodiscard]] base::Result<Reading> Read(std::string_view environment) const;

  /// The same, refused when the caller may not use it.
  [[nodiscard]] base::Result<Reading> ReadFor(std::string_view environment,
                                              const Grant& grant) const;

  /// What to evaluate a flag by; begins to look for it. `key` is borrowed.
  static engine::HashedKey Seek(const Reading& reading, std::string_view key) {
    const auto& image = reading.published->image;
    return image == nullptr ? engine::HashedKey{key} : image->snapshot().Seek(key);
  }
  /// Begins to fetch the flag that Seek has looked for in the same reading.
  static void Approach(const Reading& reading, engine::HashedKey& sought) {
    const auto& image = reading.published->image;
    if (image != nullptr) image->snapshot().Approach(sought);
  }
  /// So many flags are fetched at once: enough to wait for memory once and not for each.
  static constexpr std::size_t kForeseen = 8;
  /// Seeks and approaches the flags that the texts of `keys` name.
  static void Foresee(const Reading& reading, std::span<engine::HashedKey> keys) {
    if (reading.published->image == nullptr) return;
    const engine::Snapshot& snapshot = reading.published->image->snapshot();
    for (engine::HashedKey& key : keys) key = snapshot.Seek(key.text);
    for (engine::HashedKey& key : keys) snapshot.Approach(key);
  }
  /// The flag set in force first, then the configuration's defaults, then an error: the caller's
  /// default is to be used.
  Answer Evaluate(const Reading& reading, std::string_view key, const model::Context& context) {
    return Evaluate(reading, Seek(reading, key), context);
  }
  /// The same by what was sought in this reading, approached or not.
  Answer Evaluate(const Reading& reading, const engine::HashedKey& key,
                  const model::Context& context);
  /// Evaluates each of `keys` and hands it to `on_answer(key, answer)`, in order. The context is
  /// complete, and gets an index when it is large.
  template <typename OnAnswer>
  void EvaluateAll(const Reading& reading, std::span<const std::string_view> keys,
                   model::Context& context, const OnAnswer& on_answer) {
    if (keys.size() > 1) context.Index();
    std::array<engine::HashedKey, kForeseen> foreseen;
    for (; !keys.empty(); keys = keys.subspan(std::min(keys.size(), kForeseen))) {
      const std::size_t count = std::min(keys.size(), kForeseen);
      for (std::size_t i = 0; i < count; ++i) foreseen[i].text = keys[i];
      Foresee(reading, std::span(foreseen).first(count));
      for (std::size_t i = 0; i < count; ++i) {
        on_answer(keys[i], Evaluate(reading, foreseen[i], context));
      }
    }
  }
  /// Counts evaluations that a client has made by itself. By flag only when the flag set still has
  /// the flag and that variant of it: a client can make no series of its own.
  void AddReported(const Reading& reading, const Reported& reported);
  /// The same flag set's explanation of what Evaluate answers; counts nothing.
  [[nodiscard]] static engine::Explanation Explain(const Reading& reading, std::string_view key,
                                                   const model::Context& context);
  /// All keys of the flag set in force and of the defaults, in order, each once.
  [[nodiscard]] std::vector<std::string_view> Keys(const Reading& reading) const;

  /// Every environment that is served has a flag set, and there is one.
  [[nodiscard]] bool IsReady() const;

  [[nodiscard]] const EvaluationCounts& counts() const { return counts_; }

 private:
  const base::Clock& clock_;
  std::uint64_t random_;  // each evaluation draws from it once
  std::vector<std::shared_ptr<const Published>> environments_;
  UsageSink* usage_ = nullptr;
  std::function<void(const std::shared_ptr<const Published>&)> on_published_;
  std::shared_ptr<const HostContext> host_;
  EvaluationCounts counts_;
};

}  // namespace pennon::serving
