#include "daemon/daemon.h"

#include <csignal>
#include <exception>
#include <iterator>
#include <new>

#include "base/out_of_memory.h"
#include "base/thread_priority.h"
#include "base/version.h"
#include "daemon/worker_round.h"
#include "engine/spare_memory.h"

namespace pennon::daemon {
namespace {

constexpr std::int64_t kSecondMillis = 1'000;
constexpr std::int64_t kReloadDelayMillis = 50;
constexpr std::uint64_t kSecondsBetweenLooks = 5;
constexpr int kNicerControl = 3;

std::string ServerName() {
  return "pennond/" + std::string(base::Version());
}

}  // namespace

Daemon::Daemon(DaemonConfig& config, base::Settings& settings, ReadConfig read_config,
               base::Logger& log)
    : config_(config),
      settings_(settings),
      read_config_(std::move(read_config)),
      log_(log),
      pool_(static_cast<std::size_t>(config.workers), config.spin_us),
      changes_(control_, pool_.size()),
      http_(ServerName()) {
  // Workers ask the control thread, which owns all state, and get text back.
  questions_.status = [this](serving::Grant viewer, std::function<void(std::string)> done) {
    control_.Post([this, viewer = std::move(viewer), done = std::move(done)] {
      done(status_->Json(viewer));
    });
  };
  questions_.metrics = [this](serving::Grant viewer, std::function<void(std::string)> done) {
    control_.Post([this, viewer = std::move(viewer), done = std::move(done)] {
      done(status_->Metrics(viewer));
    });
  };
  const serving::OrderRequest order = [this](serving::Order given, auto done) {
    control_.Post(
        [this, given = std::move(given), done = std::move(done)] { done(orders_->Run(given)); });
  };

  std::vector<WorkerParts> parts;
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    services_.push_back(
        std::make_unique<WorkerService>(request_clock_, questions_, draining_, SubscribeFrom(i)));
    parts.push_back(
        {services_.back().get(), {ServerName(), questions_.status, SubscribeFrom(i), order}});
    evaluations_.push_back(&services_.back()->evaluations());
    evaluations_.back()->OnPublished([this, i](const auto& published) {
      control_.Post([this, i, published] { changes_.OnPublished(i, published); });
    });
  }
  listeners_.emplace(config_, pool_, std::move(parts), log_);
  MakeEnvironments();
  std::vector<const EnvironmentSync*> shown;
  for (const auto& one : environments_) shown.push_back(one.get());
  status_.emplace(
      clock_, std::move(shown),
      std::vector<const serving::EvaluationService*>(evaluations_.begin(), evaluations_.end()));
  status_->SetListeners(*listeners_);
  RegisterMetrics();
  flag_set_orders_.emplace(environments_);
  orders_.emplace(
      &*flag_set_orders_, [this] { return base::Result<std::string>(status_->Json({})); },
      [this] { return Reload(); }, log_);
}

void Daemon::MakeEnvironments() {
  const SharedParts shared{control_, http_, pool_, evaluations_, clock_, log_};
  const auto add = [&](const DaemonConfig& config) {
    environments_.push_back(std::make_unique<EnvironmentSync>(config, shared));
  };
  if (!config_.environment.empty()) add(config_);
  for (const DaemonConfig& config : config_.environments) add(config);
  usage_.resize(pool_.size());
  for (const auto& one : environments_) {
    if (one->reporter() == nullptr) continue;
    one->reporter()->Count(pool_, [&](std::size_t worker, serving::UsageSink& sink) {
      usage_[worker].Add(one->config().environment, sink);
    });
  }
  for (std::size_t i = 0; i < usage_.size(); ++i) {
    if (!usage_[i].empty()) evaluations_[i]->SetUsageSink(&usage_[i]);
  }
}

void Daemon::RegisterMetrics() {
  using base::MetricKind;
  base::MetricRegistry& metrics = status_->metrics();
  metrics.Add(MetricKind::kGauge, "pennon_subscribers", "Open event streams and subscriptions.",
              [this] { return static_cast<double>(changes_.size()); });
  metrics.Add(MetricKind::kCounter, "pennon_changes_told_total",
              "Changes told, once for each subscriber.",
              [this] { return static_cast<double>(changes_.told()); });
  metrics.Add(MetricKind::kCounter, "pennon_connections_refused_of_user_total",
              "Connections refused because their user had too many.",
              [this] { return static_cast<double>(listeners_->refused_of_user()); });
  metrics.Add(MetricKind::kGauge, "pennon_buffered_bytes", "Buffers of all connections.",
              [this] { return static_cast<double>(listeners_->memory().used()); });
  metrics.Add(MetricKind::kCounter, "pennon_buffers_refused_total",
              "Connections closed because all together held limits.memory.",
              [this] { return static_cast<double>(listeners_->memory().refused()); });
  metrics.Add(MetricKind::kCounter, "pennon_reloads_total",
              "Times that the configuration was read again, by result.", [this] {
                return std::vector<base::MetricSample>{
                    {{{"result", "applied"}}, static_cast<double>(reloads_)},
                    {{{"result", "refused"}}, static_cast<double>(failed_reloads_)}};
              });
}

Daemon::~Daemon() {
  if (stopper_.joinable()) stopper_.join();
  pool_.Stop(0);
}

base::Result<void> Daemon::Start() {
  // Before anybody can see that it listens and ask it to stop.
  control_.OnSignals({SIGTERM, SIGINT, SIGHUP}, [this](int signal) { OnSignal(signal); });
  auto inherited = InheritedSockets::Take();
  if (!inherited) return base::Fail(inherited.error());
  if (auto applied = ApplyReloadable(); !applied) return applied;
  engine::KeepSpareMemory();
  for (const auto& one : environments_) {
    if (auto started = one->Start(); !started) return started;
  }
  if (auto listening = listeners_->Open(std::move(*inherited)); !listening) return listening;
  pool_.Start();
  changes_.Start();
  for (const auto& one : environments_) one->Sync();
  if (const auto period = TakeWatchdogMillis()) {
    watchdog_.emplace(control_, pool_, *period, [this] { manager_.Send("WATCHDOG=1"); });
    watchdog_->Start();
  }
  // Also without flags: the service manager must not keep others waiting for the upstream.
  manager_.Send("READY=1");
  EverySecond();
  // From now on this thread compiles what changes beside workers that answer: they come first. A
  // little only, or a change would wait long where the processors are busy.
  base::StepBack(kNicerControl);
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

void Daemon::SetHostContext(const std::shared_ptr<const serving::HostContext>& host) {
  for (std::size_t i = 0; i < services_.size(); ++i) {
    pool_.Post(
        i, [service = services_[i].get(), host] { service->evaluations().SetHostContext(host); });
  }
}

void Daemon::OnSignal(int signal) {
  if (signal != SIGHUP) return BeginToStop();
  // Many in a row are one: each would read and check everything.
  if (std::exchange(is_reload_due_, true)) return;
  reload_timer_ = control_.After(kReloadDelayMillis, [this] {
    is_reload_due_ = false;
    (void)Reload();
  });
}

void Daemon::Run() {
  try {
    control_.Run();
  } catch (const std::bad_alloc&) {
    std::terminate();  // at once: no destructor is to make sense of what was left half done
  }
  if (stopper_.joinable()) stopper_.join();
  for (const auto& one : environments_) one->Stop();
  log_.Info("stopped");
}

void Daemon::BeginToStop() {
  if (stopper_.joinable()) return;
  log_.Info("stopping");
  manager_.Send("STOPPING=1\nSTATUS=answering what has arrived");
  draining_.store(true, std::memory_order_relaxed);
  changes_.End();
  listeners_->Unlink();  // who connects from now on sees at once that nobody listens
  stopper_ = std::thread([this, drain_millis = config_.drain_timeout.millis] {
    pool_.Stop(drain_millis);
    control_.Stop();
  });
}

base::Result<void> Daemon::ApplyReloadable() {
  // All is read first: files can fail though the configuration is right, and what was in force
  // could not be read again from files that are others now.
  const auto access = listeners_->ReadAccess();
  if (!access) return base::Fail(access.error());
  const auto host = serving::HostContext::Make(config_.context_fixed, config_.context_headers,
                                               config_.context_enforce);
  if (!host) return base::Fail(host.error());
  listeners_->PutInForce(*access);
  SetHostContext(*host);
  if (const auto level = base::ParseLogLevel(config_.log_level)) log_.SetLevel(*level);
  return {};
}

base::Result<void> Daemon::PutInForce(const base::Settings& next) {
  const DaemonConfig before = config_;
  const BearerTokens tokens_before = listeners_->tokens();
  TakeReloaded(settings_, next);
  if (auto applied = ApplyReloadable(); !applied) {
    config_ = before;
    return applied;
  }
  // Who connects again then finds the new rules, whichever worker takes the connection.
  AfterWorkers(control_, pool_, [this] {
    for (const auto& one : environments_) one->environment().RevokeMappings();
  });
  const bool is_same_context = before.context_fixed == config_.context_fixed &&
                               before.context_headers == config_.context_headers &&
                               before.context_enforce == config_.context_enforce;
  // Once every worker adds the new one, any answer may be another one.
  if (!is_same_context) AfterWorkers(control_, pool_, [this] { changes_.TellAll(); });
  // A stream was let in by its token once, and would go on for ever; also one that a worker has let
  // in by the old token just now.
  if (listeners_->tokens() != tokens_before) {
    AfterWorkers(control_, pool_, [this] { changes_.EndAll(); });
  }
  return {};
}

base::Result<std::string> Daemon::Reload() {
  // READY=1 would take STOPPING=1 back.
  if (draining_.load(std::memory_order_relaxed)) {
    return base::Fail(base::Error::Unavailable("reload", "the daemon is stopping"));
  }
  manager_.Send("RELOADING=1\n" + MonotonicUsec());
  DaemonConfig config;
  base::Settings next;
  auto done = read_config_(config, next);
  std::vector<SettingChange> changes;
  if (done) {
    changes = Differences(settings_, next);
    auto of_parts = DifferencesOfParts(config_, config);
    std::move(of_parts.begin(), of_parts.end(), std::back_inserter(changes));
  }
  if (done) done = PutInForce(next);
  if (done) {
    LogChanges(changes, log_);
    ++reloads_;
  } else {
    ++failed_reloads_;
    log_.Error("configuration refused, the old one stays", {{"reason", done.error().Message()}});
  }
  // In any case: the key's file may be another one now, which no setting shows.
  log_.Info("asking the upstream at once");
  for (const auto& one : environments_) one->FetchNow();
  manager_.Send("READY=1");
  if (!done) return base::Fail(done.error());
  return ChangesJson(changes);
}

void Daemon::EverySecond() {
  for (const auto& one : environments_) one->EverySecond();
  status_->Observe();
  if (base::RefillMemoryReserve()) log_.Warn("memory ran out, and the reserve was spent");
  manager_.Flush();
  std::string status = "STATUS=" + status_->Summary();
  if (status != told_status_ && !draining_.load(std::memory_order_relaxed)) {
    manager_.Send(status);
    told_status_ = std::move(status);
  }
  if (++seconds_ % kSecondsBetweenLooks == 0 && !draining_.load(std::memory_order_relaxed)) {
    listeners_->KeepInPlace();
  }
  second_timer_ = control_.After(kSecondMillis, [this] { EverySecond(); });
}

}  // namespace pennon::daemon
