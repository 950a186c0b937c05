// What operators see: the status document and the metrics.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "daemon/environment_sync.h"
#include "daemon/listeners.h"
#include "serving/evaluation_service.h"
#include "serving/grant.h"

namespace pennon::daemon {

/// Confined to the control thread; borrows what it reads.
class DaemonStatus {
 public:
  /// `environments` is not empty. Metrics of an environment have its name as a label when there are
  /// several.
  DaemonStatus(const base::Clock& clock, std::vector<const EnvironmentSync*> environments,
               std::vector<const serving::EvaluationService*> services);
  /// From now on these are shown; borrowed.
  void SetListeners(const Listeners& listeners) { listeners_ = &listeners; }

  /// Notes when the state has changed; to be called about every second.
  void Observe();
  /// The state in a few words, for the service manager.
  [[nodiscard]] std::string Summary() const;
  /// The status as a JSON object, with the environments that the viewer may see.
  [[nodiscard]] std::string Json(const serving::Grant& viewer);
  /// For metrics of what this does not know; docs/metrics.md lists every one.
  base::MetricRegistry& metrics() { return registry_; }
  /// In Prometheus' text format, the metrics of the process and of the environments that the viewer
  /// may see; of a process with a single one that the viewer may not see, none.
  [[nodiscard]] std::string Metrics(const serving::Grant& viewer) const;

 private:
  [[nodiscard]] std::vector<NamedListener> AllListeners() const;
  struct Shown {
    const EnvironmentSync* sync = nullptr;
    std::string state_name;
    base::WallMillis state_since = 0;
  };
  using Read = std::function<double(const EnvironmentSync&)>;
  /// A metric of each environment that `has` holds for.
  void AddEach(base::MetricKind kind, std::string name, std::string help,
               std::function<bool(const EnvironmentSync&)> has, Read read);
  [[nodiscard]] base::MetricLabels LabelsOf(const EnvironmentSync& one) const;
  static void AppendEnvironment(const Shown& shown, std::string& out);
  void RegisterEnvironments();
  void RegisterSync();
  void RegisterReports();
  void RegisterServing();

  const base::Clock& clock_;
  std::vector<Shown> environments_;
  std::vector<const serving::EvaluationService*> services_;
  const Listeners* listeners_ = nullptr;
  base::SteadyMillis started_at_;
  base::MetricRegistry registry_;
};

}  // namespace pennon::daemon
