#include "daemon/reporter.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "daemon/store_request.h"

namespace pennon::daemon {
namespace {

constexpr std::int64_t kTickMillis = 250;
constexpr std::int64_t kCollectEveryMillis = 5'000;
// A fleet that is told of a change applies it at once, but does not answer at once.
constexpr std::int64_t kSpreadMillis = 2'000;
constexpr std::size_t kInstanceBytes = 16;

// The store will never take this report, whenever it is sent.
bool IsHopeless(int status) {
  return status == 400 || status == 413 || status == 422;
}

}  // namespace

Reporter::Reporter(const DaemonConfig& config, Environment& environment,
                   std::unique_ptr<ReportWriter> writer, net::HttpClient& http,
                   net::ControlLoop& control, const base::Clock& clock, base::Logger& log,
                   const Backoff& backoff)
    : config_(config),
      environment_(environment),
      writer_(std::move(writer)),
      http_(http),
      control_(control),
      clock_(clock),
      log_(log),
      backoff_(backoff) {}

void Reporter::Count(net::WorkerPool& pool,
                     const std::function<void(std::size_t, serving::UsageSink&)>& attach) {
  pool_ = &pool;
  for (std::size_t i = 0; i < pool.size(); ++i) {
    counters_.push_back(std::make_unique<UsageCounter>([this](UsageTable table) {
      control_.Post([this, table = std::make_shared<UsageTable>(std::move(table))] {
        spool_->Add(*table, clock_.Wall());
      });
    }));
    attach(i, *counters_.back());
  }
}

void Reporter::Start() {
  CacheWriter* const cache = environment_.cache();
  spool_.emplace(cache);
  spool_->Load();
  if (cache != nullptr) {
    const auto kept = cache->Run([](Cache& of) { return of.Mark("instance"); });
    instance_ = kept.value_or("");
  }
  if (instance_.empty()) {
    instance_ = base::RandomToken("", kInstanceBytes);
    if (cache != nullptr) {
      cache->Write([id = instance_](Cache& of) { return of.SetMark("instance", id); });
    }
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
  if (writer_->tells_changes() && Applied() != reported_ && next_at_ > now + kSpreadMillis) {
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
  // While the upstream cannot take reports, one batch an hour is enough.
  spool_->CloseOpen(clock_.Wall(), is_unreachable_ || spool_->waiting() > 0);
  auto report = writer_->Write(instance_, environment_.state(), spool_->closed(),
                               is_one_at_a_time_ ? 1 : kMaxBatches);
  reported_ = Applied();
  if (report && !*report) {  // nothing to tell
    next_at_ = clock_.Steady() + backoff_.Spread(config_.report_interval.millis);
    return;
  }
  is_sending_ = true;
  if (!report) {
    return control_.Post([this, error = report.error()] { OnAnswer({}, base::Fail(error)); });
  }
  std::vector<std::string> batches;
  for (std::size_t i = 0; i < (*report)->batches; ++i) batches.push_back(spool_->closed()[i].id);
  http_.Fetch(
      std::move((*report)->fetch), [this, &control = control_, batches = std::move(batches)](
                                       base::Result<net::HttpFetched> result) {
        control.Post([this, batches, result = std::move(result)] { OnAnswer(batches, result); });
      });
}

void Reporter::OnAnswer(const std::vector<std::string>& batches,
                        const base::Result<net::HttpFetched>& result) {
  is_sending_ = false;
  const base::SteadyMillis now = clock_.Steady();
  const int status = result ? result->status : 0;
  next_at_ = now + backoff_.Spread(config_.report_interval.millis);
  if (status >= 200 && status < 300) {
    for (const std::string& id : batches) spool_->Remove(id);
    writer_->OnTaken();
    if (spool_->waiting() == 0) is_one_at_a_time_ = false;
    if (spool_->waiting() > 0) next_at_ = now + backoff_.Draw(kSpreadMillis);
    ++state_.sent;
    is_failing_ = is_unreachable_ = false;
    not_before_ = 0;
    (void)backoff_.AfterSuccess();
    return;
  }
  ++state_.failed;
  // One that is never taken must not block those behind it. Of several that went together one may
  // be bad, or they were too much: each is tried alone.
  is_unreachable_ = !IsHopeless(status);
  if (!is_unreachable_ && batches.size() > 1) {
    is_one_at_a_time_ = true;
  } else if (!is_unreachable_) {
    for (const std::string& id : batches) spool_->Lose(id);
  }
  if (!std::exchange(is_failing_, true)) {
    log_.Warn("report not taken; it is sent again",
              {{"reason", result ? "status " + std::to_string(status) : result.error().Message()}});
  }
  reported_.clear();
  const std::int64_t pause = result && IsRefusal(status)
                                 ? backoff_.AfterRefusal()
                                 : backoff_.AfterFailure(result ? result->retry_after_millis : 0);
  next_at_ = not_before_ = now + std::max(pause, kTickMillis);
}

void Reporter::Stop() {
  if (!spool_) return;
  for (const auto& counter : counters_) counter->Flush();
  // What the workers handed over is still in the queue of a loop that has stopped.
  control_.RunReady();
  spool_->CloseOpen(clock_.Wall(), false);
  spool_->KeepAll();
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
