// What an Unleash server is told: a registration, then POST /api/client/metrics with how often each
// feature was on, off, and which variant it gave. One batch of usage a request.
#pragma once

#include <string>

#include "base/clock.h"
#include "daemon/daemon_config.h"
#include "daemon/report_writer.h"

namespace pennon::daemon {

class UnleashReport final : public ReportWriter {
 public:
  UnleashReport(const DaemonConfig& config, const base::Clock& clock)
      : config_(config), clock_(clock), started_at_(clock.Wall()) {}

  base::Result<std::optional<Report>> Write(const std::string& instance,
                                            const EnvironmentState& state,
                                            const std::deque<ClosedBatch>& batches,
                                            std::size_t /*most*/) override;
  void OnTaken() override { is_registered_ = true; }
  [[nodiscard]] bool tells_changes() const override { return false; }

 private:
  [[nodiscard]] std::string Registration(const std::string& instance) const;

  const DaemonConfig& config_;
  const base::Clock& clock_;
  base::WallMillis started_at_;
  bool is_registered_ = false;
};

/// The `toggles` of a batch: `{"feature":{"yes":3,"no":1,"variants":{"blue":2}}}`.
std::string UnleashToggles(const ClosedBatch& batch);

}  // namespace pennon::daemon
