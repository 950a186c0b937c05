// What a report to an upstream looks like; when it is sent is the Reporter's business.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>

#include "base/result.h"
#include "daemon/environment.h"
#include "daemon/usage_spool.h"
#include "net/http_client.h"

namespace pennon::daemon {

struct Report {
  net::HttpFetch fetch;
  std::size_t batches = 0;  // of the oldest that it holds
};

/// Confined to the control thread.
class ReportWriter {
 public:
  virtual ~ReportWriter() = default;
  /// None when there is nothing to tell. `instance` identifies this daemon for ever. Of the batches
  /// at most so many go along.
  virtual base::Result<std::optional<Report>> Write(const std::string& instance,
                                                    const EnvironmentState& state,
                                                    const std::deque<ClosedBatch>& batches,
                                                    std::size_t most) = 0;
  /// The last report was taken.
  virtual void OnTaken() {}
  /// A change of what is in force is worth a report.
  [[nodiscard]] virtual bool tells_changes() const { return true; }
};

}  // namespace pennon::daemon
