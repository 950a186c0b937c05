// Tells the upstream what is in force here and what was evaluated.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/backoff.h"
#include "daemon/daemon_config.h"
#include "daemon/environment.h"
#include "daemon/report_writer.h"
#include "daemon/usage_counter.h"
#include "daemon/usage_spool.h"
#include "net/control_loop.h"
#include "net/http_client.h"
#include "net/worker_pool.h"
#include "serving/usage_sink.h"

namespace pennon::daemon {

struct ReportState {
  std::uint64_t sent = 0;
  std::uint64_t failed = 0;
  std::uint64_t usage_lost = 0;     // evaluations that will never be reported
  std::uint64_t usage_waiting = 0;  // batches
};

/// Reports every report.interval and soon after a change of what is in force. One report at a time;
/// a batch of usage is sent until it is answered, under the same id. Nothing waits for it. Confined
/// to the control thread; borrows what it is made with.
class Reporter {
 public:
  Reporter(const DaemonConfig& config, Environment& environment,
           std::unique_ptr<ReportWriter> writer, net::HttpClient& http, net::ControlLoop& control,
           const base::Clock& clock, base::Logger& log, const Backoff& backoff);

  /// Counts what the pool's workers evaluate: `attach` is called with each worker's index and where
  /// it is to count. Before the pool runs.
  void Count(net::WorkerPool& pool,
             const std::function<void(std::size_t, serving::UsageSink&)>& attach);
  void Start();
  /// After the workers have stopped: keeps what has not been sent.
  void Stop();
  [[nodiscard]] ReportState state() const;

 private:
  void Tick();
  void Collect();
  void Send();
  void OnAnswer(const std::vector<std::string>& batches,
                const base::Result<net::HttpFetched>& result);
  [[nodiscard]] std::string Applied() const;

  const DaemonConfig& config_;
  Environment& environment_;
  std::unique_ptr<ReportWriter> writer_;
  net::HttpClient& http_;
  net::ControlLoop& control_;
  const base::Clock& clock_;
  base::Logger& log_;
  Backoff backoff_;
  net::WorkerPool* pool_ = nullptr;
  std::vector<std::unique_ptr<UsageCounter>> counters_;
  std::optional<UsageSpool> spool_;
  std::string instance_;
  std::string reported_;  // what Applied was when it was last sent
  bool is_sending_ = false;
  bool is_failing_ = false;        // the last report was not taken
  bool is_unreachable_ = false;    // and a later one may be
  bool is_one_at_a_time_ = false;  // batches: several together were refused
  base::SteadyMillis next_at_ = 0;
  base::SteadyMillis not_before_ = 0;
  base::SteadyMillis next_collect_at_ = 0;
  ReportState state_;
  net::ControlLoop::Timer timer_;
};

}  // namespace pennon::daemon
