// POST /sync/v1/report of a pennon store: who this daemon is, which set it has in force or why it
// refused one, and what was evaluated.
#pragma once

#include <string>

#include "daemon/daemon_config.h"
#include "daemon/report_writer.h"

namespace pennon::daemon {

class StoreReport final : public ReportWriter {
 public:
  explicit StoreReport(const DaemonConfig& config) : config_(config) {}
  base::Result<std::optional<Report>> Write(const std::string& instance,
                                            const EnvironmentState& state,
                                            const std::deque<ClosedBatch>& batches,
                                            std::size_t most) override;

 private:
  const DaemonConfig& config_;
};

/// This host's name; "" when it has none.
std::string HostName();

}  // namespace pennon::daemon
