#include "daemon/reporter.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/digest.h"
#include "base/json_text.h"
#include "base/timestamp.h"
#include "base/version.h"
#include "daemon/store_request.h"

namespace pennon::daemon {
namespace {

constexpr std::size_t kMaxQuarantined = 1'000;  // that the store takes
constexpr std::int64_t kTickMillis = 250;
constexpr std::int64_t kCollectEveryMillis = 5'000;
// A fleet that is told of a change applies it at once, but does not answer at once.
constexpr std::int64_t kSpreadMillis = 2'000;
constexpr std::size_t kBatchesAtOnce = 4;
constexpr std::size_t kInstanceBytes = 16;
constexpr std::int64_t kMicrosPerMilli = 1000;

std::string HostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

// The store will never take this report, whenever it is sent.
bool IsHopeless(int status) {
  return status == 400 || status == 413 || status == 422;
}

// The flags that it answers by the caller's default, so that the store can say so to people.
void AppendQuarantined(base::JsonObject& object,
                       const std::vector<model::Diagnostic>& diagnostics) {
  std::set<std::string_view> keys;
  for (const model::Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != model::Severity::kError || keys.size() >= kMaxQuarantined) continue;
    if (!diagnostic.flag.empty()) keys.insert(diagnostic.flag);
  }
  std::string& out = object.Key("quarantined");
  char separator = '[';
  for (const std::string_view key : keys) {
    out += std::exchange(separator, ',');
    base::AppendJsonString(out, key);
  }
  out += keys.empty() ? "[]" : "]";
}

}  // namespace

Reporter::Reporter(const DaemonConfig& config, Environment& environment, net::HttpClient& http,
                   net::ControlLoop& control, const base::Clock& clock, base::Logger& log,
                   const Backoff& backoff)
    : config_(config),
      environment_(environment),
      http_(http),
      control_(control),
      clock_(clock),
      log_(log),
      backoff_(backoff) {}

void Reporter::Count(net::WorkerPool& pool,
                     const std::vector<serving::EvaluationService*>& services) {
  pool_ = &pool;
  for (serving::EvaluationService* const service : services) {
    counters_.push_back(std::make_unique<UsageCounter>([this](UsageTable table) {
      control_.Post([this, table = std::make_shared<UsageTable>(std::move(table))] {
        spool_->Add(*table, clock_.Wall());
      });
    }));
    service->SetUsageSink(counters_.back().get());
  }
}

void Reporter::Start() {
  Cache* const cache = environment_.cache();
  spool_.emplace(cache);
  spool_->Load();
  if (cache != nullptr) instance_ = cache->Mark("instance");
  if (instance_.empty()) {
    instance_ = base::RandomToken("", kInstanceBytes);
    if (cache != nullptr) (void)cache->SetMark("instance", instance_);
  }
  next_at_ = clock_.Steady() + backoff_.Draw(kSpreadMillis);
  Tick();
}

void Reporter::Collect() {
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    pool_->Post(i, [counter = counters_[i].get()] { counter->Flush(); });
  }
}

// What the store has not been told yet is noticed here: nobody has to call.
void Reporter::Tick() {
  timer_ = control_.After(kTickMillis, [this] { Tick(); });
  const base::SteadyMillis now = clock_.Steady();
  if (now >= next_collect_at_) {
    Collect();
    next_collect_at_ = now + std::min(kCollectEveryMillis, config_.report_interval.millis);
  }
  if (is_sending_) return;
  if (Applied() != reported_ && next_at_ > now + kSpreadMillis) {
    next_at_ = now + backoff_.Draw(kSpreadMillis);
  }
  if (now >= std::max(next_at_, not_before_)) Send();
}

std::string Reporter::Applied() const {
  const EnvironmentState state = environment_.state();
  return std::to_string(state.epoch) + '.' + std::to_string(state.revision) +
         (state.refused ? state.refused->Message() : "");
}

void Reporter::Send() {
  // While the store does not take reports, one batch an hour is enough.
  spool_->CloseOpen(clock_.Wall(), is_failing_ || spool_->waiting() > 0);
  auto fetch = StoreRequest(config_, "/sync/v1/report");
  const std::size_t batches = std::min(spool_->waiting(), kBatchesAtOnce);
  reported_ = Applied();
  is_sending_ = true;
  if (!fetch) {
    return control_.Post(
        [this, batches, error = fetch.error()] { OnAnswer(batches, base::Fail(error)); });
  }
  fetch->method = "POST";
  fetch->headers.emplace_back("Content-Type", "application/json");
  fetch->body = Body(batches);
  http_.Fetch(*std::move(fetch), [this, batches](base::Result<net::HttpFetched> result) {
    control_.Post([this, batches, result = std::move(result)] { OnAnswer(batches, result); });
  });
}

std::string Reporter::Body(std::size_t batches) const {
  const EnvironmentState state = environment_.state();
  std::string text;
  base::JsonObject object(text);
  object.String("instance", instance_).String("host", HostName());
  object.String("version", base::Version());
  object.Uint("epoch", state.epoch).Uint("revision", state.revision);
  object.String("refused", state.refused ? state.refused->Message() : "");
  AppendQuarantined(object, state.diagnostics);
  object.Key("usage") += '[';
  for (std::size_t i = 0; i < batches; ++i) {
    const ClosedBatch& batch = spool_->closed()[i];
    if (i > 0) text += ',';
    base::JsonObject(text)
        .String("id", batch.id)
        .String("hour", base::FormatTimestamp(batch.hour * kMicrosPerMilli))
        .Raw("counts", batch.counts)
        .Close();
  }
  text += ']';
  object.Close();
  return text;
}

void Reporter::OnAnswer(std::size_t batches, const base::Result<net::HttpFetched>& result) {
  is_sending_ = false;
  const base::SteadyMillis now = clock_.Steady();
  const int status = result ? result->status : 0;
  next_at_ = now + backoff_.Spread(config_.report_interval.millis);
  if (status >= 200 && status < 300) {
    for (std::size_t i = 0; i < batches; ++i) spool_->RemoveOldest();
    if (spool_->waiting() > 0) next_at_ = now + backoff_.Draw(kSpreadMillis);
    ++state_.sent;
    is_failing_ = false;
    not_before_ = 0;
    (void)backoff_.AfterSuccess();
    return;
  }
  ++state_.failed;
  // One that is never taken must not block those behind it.
  if (IsHopeless(status)) {
    for (std::size_t i = 0; i < batches; ++i) spool_->LoseOldest();
  }
  if (!std::exchange(is_failing_, true)) {
    log_.Warn("report not taken; it is sent again",
              {{"reason", result ? "status " + std::to_string(status) : result.error().Message()}});
  }
  reported_.clear();
  const std::int64_t pause = result && IsRefusal(status)
                                 ? backoff_.AfterRefusal()
                                 : backoff_.AfterFailure(result ? RetryAfterMillis(*result) : 0);
  next_at_ = not_before_ = now + std::max(pause, kTickMillis);
}

void Reporter::Stop() {
  if (!spool_) return;
  for (const auto& counter : counters_) counter->Flush();
  // What the workers handed over is still in the queue of a loop that has stopped.
  control_.RunReady();
  spool_->CloseOpen(clock_.Wall(), false);
}

ReportState Reporter::state() const {
  ReportState state = state_;
  if (spool_) {
    state.usage_lost = spool_->lost();
    state.usage_waiting = spool_->waiting();
  }
  return state;
}

}  // namespace pennon::daemon
