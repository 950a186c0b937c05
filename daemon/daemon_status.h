// What operators see: the status document and the metrics.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "daemon/daemon_config.h"
#include "daemon/environment.h"
#include "daemon/reporter.h"
#include "daemon/sync_loop.h"
#include "net/worker_pool.h"
#include "serving/evaluation_service.h"

namespace pennon::daemon {

/// A listener under the name that status and metrics use: "unix", "http".
struct NamedListener {
  std::string name;
  std::string address;  // a path or host:port
  const net::Listener* listener;
};

/// Confined to the control thread; borrows what it reads.
class DaemonStatus {
 public:
  DaemonStatus(const DaemonConfig& config, const base::Clock& clock, const Environment& environment,
               const SyncLoop* sync, std::vector<const serving::EvaluationService*> services);
  void AddListener(NamedListener listener) { listeners_.push_back(std::move(listener)); }

  void AddReporter(const Reporter& reporter);

  /// The status as a JSON object.
  [[nodiscard]] std::string Json() const;
  /// All metrics in Prometheus' text format.
  [[nodiscard]] std::string Metrics() const { return registry_.Text(); }

 private:
  void AppendEnvironment(std::string& out) const;
  void RegisterEnvironment();
  void RegisterSync();
  void RegisterServing();

  const DaemonConfig& config_;
  const base::Clock& clock_;
  const Environment& environment_;
  const SyncLoop* sync_;
  std::vector<const serving::EvaluationService*> services_;
  std::vector<NamedListener> listeners_;
  base::SteadyMillis started_at_;
  base::MetricRegistry registry_;
};

}  // namespace pennon::daemon
