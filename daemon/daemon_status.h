// What operators see: the status document and the metrics.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "daemon/daemon_config.h"
#include "daemon/environment.h"
#include "daemon/listeners.h"
#include "daemon/reporter.h"
#include "daemon/sync_loop.h"
#include "serving/evaluation_service.h"

namespace pennon::daemon {

/// Confined to the control thread; borrows what it reads.
class DaemonStatus {
 public:
  DaemonStatus(const DaemonConfig& config, const base::Clock& clock, const Environment& environment,
               const SyncLoop* sync, std::vector<const serving::EvaluationService*> services);
  /// From now on these are shown; borrowed.
  void SetListeners(const Listeners& listeners) { listeners_ = &listeners; }

  /// Notes when the state has changed; to be called about every second.
  void Observe();
  /// The state in a few words, for the service manager.
  [[nodiscard]] std::string Summary() const;
  void AddReporter(const Reporter& reporter);

  /// The status as a JSON object.
  [[nodiscard]] std::string Json();
  /// For metrics of what this does not know; docs/metrics.md lists every one.
  base::MetricRegistry& metrics() { return registry_; }
  /// All metrics in Prometheus' text format.
  [[nodiscard]] std::string Metrics() const { return registry_.Text(); }

 private:
  [[nodiscard]] std::vector<NamedListener> AllListeners() const;
  [[nodiscard]] std::string Since() const;
  void AppendEnvironment(std::string& out) const;
  void RegisterEnvironment();
  void RegisterSync();
  void RegisterServing();

  const DaemonConfig& config_;
  const base::Clock& clock_;
  const Environment& environment_;
  const SyncLoop* sync_;
  std::vector<const serving::EvaluationService*> services_;
  const Listeners* listeners_ = nullptr;
  base::SteadyMillis started_at_;
  std::string state_name_;
  base::WallMillis state_since_ = 0;
  base::MetricRegistry registry_;
};

}  // namespace pennon::daemon
