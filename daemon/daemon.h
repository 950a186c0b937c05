// pennond, put together: the one place where its parts are made and joined.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/change_feed.h"
#include "daemon/daemon_config.h"
#include "daemon/daemon_status.h"
#include "daemon/environment_sync.h"
#include "daemon/flag_set_orders.h"
#include "daemon/listeners.h"
#include "daemon/notify_socket.h"
#include "daemon/orders.h"
#include "daemon/reload.h"
#include "daemon/usage_router.h"
#include "daemon/watchdog.h"
#include "daemon/worker_service.h"
#include "net/control_loop.h"
#include "net/http_client.h"
#include "net/worker_pool.h"
#include "serving/frame_protocol.h"

namespace pennon::daemon {

/// Made, started and run by the main thread, which is the control thread.
class Daemon {
 public:
  /// `settings` describes `config`; both change with a reload.
  Daemon(DaemonConfig& config, base::Settings& settings, ReadConfig read_config, base::Logger& log);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Serves from cache or bootstrap file, opens the listeners, then begins to sync.
  base::Result<void> Start();
  /// Until SIGTERM or SIGINT; then drains and returns. SIGHUP reads the configuration again and
  /// asks the upstream at once.
  void Run();

 private:
  serving::Subscribe SubscribeFrom(std::size_t worker);
  void SetHostContext(const std::shared_ptr<const serving::HostContext>& host);
  void MakeEnvironments();
  void RegisterMetrics();
  void EverySecond();
  void OnSignal(int signal);
  void BeginToStop();
  /// Answers with a JSON object of what has changed; after an error all is as before.
  base::Result<std::string> Reload();
  base::Result<void> PutInForce(const base::Settings& next);
  /// After an error nothing of it is in force.
  base::Result<void> ApplyReloadable();

  DaemonConfig& config_;
  base::Settings& settings_;
  ReadConfig read_config_;
  base::Logger& log_;
  base::SystemClock clock_;
  base::CoarseClock request_clock_;
  std::atomic<bool> draining_{false};
  net::ControlLoop control_;
  net::WorkerPool pool_;
  ChangeFeed changes_;
  net::HttpClient http_;
  ControlQuestions questions_;
  std::vector<std::unique_ptr<WorkerService>> services_;
  std::optional<Listeners> listeners_;
  std::vector<serving::EvaluationService*> evaluations_;
  std::vector<std::unique_ptr<EnvironmentSync>> environments_;
  std::vector<UsageRouter> usage_;  // one a worker
  std::optional<EnvironmentOrders> flag_set_orders_;
  std::optional<DaemonStatus> status_;
  std::optional<Orders> orders_;
  net::ControlLoop::Timer second_timer_;
  net::ControlLoop::Timer reload_timer_;
  std::uint64_t seconds_ = 0;
  bool is_reload_due_ = false;
  std::uint64_t reloads_ = 0;
  std::uint64_t failed_reloads_ = 0;

  NotifySocket manager_ = NotifySocket::Take();
  std::string told_status_;
  std::optional<Watchdog> watchdog_;
  std::thread stopper_;  // drains the workers while the control thread still answers
};

}  // namespace pennon::daemon
