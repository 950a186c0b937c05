#include "daemon/daemon.h"

#include <csignal>

#include "base/version.h"

namespace pennon::daemon {
namespace {

constexpr std::int64_t kCollectEveryMillis = 1'000;

std::string ServerName() {
  return "pennond/" + std::string(base::Version());
}

}  // namespace

Daemon::Daemon(const DaemonConfig& config, base::Logger& log)
    : config_(config),
      log_(log),
      pool_(static_cast<std::size_t>(config.workers)),
      changes_(control_, pool_.size()),
      http_(ServerName()) {
  // Workers ask the control thread, which owns all state, and get text back.
  questions_.status = [this](std::function<void(std::string)> done) {
    control_.Post([this, done = std::move(done)] { done(status_->Json()); });
  };
  questions_.metrics = [this](std::function<void(std::string)> done) {
    control_.Post([this, done = std::move(done)] { done(status_->Metrics()); });
  };
  const serving::OrderRequest order = [this](serving::Order given, auto done) {
    control_.Post(
        [this, given = std::move(given), done = std::move(done)] { done(orders_->Run(given)); });
  };

  std::vector<serving::EvaluationService*> evaluations;
  std::vector<WorkerParts> parts;
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    services_.push_back(
        std::make_unique<WorkerService>(clock_, questions_, draining_, SubscribeFrom(i)));
    parts.push_back(
        {services_.back().get(), {ServerName(), questions_.status, SubscribeFrom(i), order}});
    evaluations.push_back(&services_.back()->evaluations());
    evaluations.back()->OnPublished([this, i](const auto& published) {
      control_.Post([this, i, published] { changes_.OnPublished(i, published); });
    });
  }
  listeners_.emplace(config_, pool_, std::move(parts), log_);
  publisher_.emplace(pool_, evaluations);
  environment_.emplace(config_, clock_, log_, *publisher_);
  if (!config_.upstream_url.empty()) {
    upstream_.emplace(config_, http_, control_);
    sync_.emplace(*upstream_, *environment_, control_, clock_, log_,
                  Backoff(config_.poll_interval.millis, config_.retry_max.millis));
  }
  status_.emplace(
      config_, clock_, *environment_, sync_ ? &*sync_ : nullptr,
      std::vector<const serving::EvaluationService*>(evaluations.begin(), evaluations.end()));
  status_->SetListeners(*listeners_);
  orders_.emplace(
      nullptr, [this] { return base::Result<std::string>(status_->Json()); },
      [this] { return Reload(); }, log_);
}

Daemon::~Daemon() {
  pool_.Stop(0);
}

base::Result<void> Daemon::Start() {
  // Before anybody can see that it listens and ask it to stop.
  control_.OnSignals({SIGTERM, SIGINT, SIGHUP}, [this](int signal) {
    if (signal != SIGHUP) return control_.Stop();
    (void)Reload();
  });
  auto inherited = InheritedSockets::Take();
  if (!inherited) return base::Fail(inherited.error());
  if (auto prepared = AddHostContext(); !prepared) return prepared;
  if (auto prepared = listeners_->ApplyAccess(); !prepared) return prepared;
  if (auto started = environment_->Start(); !started) return started;
  if (auto listening = listeners_->Open(std::move(*inherited)); !listening) return listening;
  pool_.Start();
  changes_.Start();
  if (sync_) sync_->Start();
  CollectRetired();
  return {};
}

// Through the worker's own queue: what it has queued for the connection, the head of a stream, must
// not be overtaken by what the control thread tells.
serving::Subscribe Daemon::SubscribeFrom(std::size_t worker) {
  return [this, worker](std::string environment, std::string known, bool tell_always,
                        std::shared_ptr<serving::Subscriber> subscriber) {
    auto subscribe = [this, environment = std::move(environment), known = std::move(known),
                      tell_always, subscriber = std::move(subscriber)] {
      changes_.Subscribe(environment, known, tell_always, subscriber);
    };
    pool_.Post(worker, [this, subscribe = std::move(subscribe)]() mutable {
      control_.Post(std::move(subscribe));
    });
  };
}

base::Result<void> Daemon::AddHostContext() {
  auto host = serving::HostContext::Make(config_.context_fixed, config_.context_headers,
                                         config_.context_enforce);
  if (!host) return base::Fail(host.error());
  for (std::size_t i = 0; i < services_.size(); ++i) {
    pool_.Post(i, [service = services_[i].get(), host = *host] {
      service->evaluations().SetHostContext(host);
    });
  }
  return {};
}

void Daemon::Run() {
  control_.Run();
  log_.Info("stopping");
  changes_.End();
  draining_.store(true, std::memory_order_relaxed);
  listeners_->Unlink();
  pool_.Stop(config_.drain_timeout.millis);
  environment_->Stop();
  log_.Info("stopped");
}

base::Result<std::string> Daemon::Reload() {
  log_.Info("asking the upstream at once");
  if (sync_) sync_->FetchNow();
  return std::string("{}");
}

void Daemon::CollectRetired() {
  publisher_->FreeRetired();
  collect_timer_ = control_.After(kCollectEveryMillis, [this] { CollectRetired(); });
}

}  // namespace pennon::daemon
