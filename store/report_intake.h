// POST /sync/v1/report: thousands of daemons report, a few transactions take it.
#pragma once

#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/task_thread.h"
#include "store/reports.h"

namespace pennon::store {

/// Reports that wait; one more is answered 503.
inline constexpr std::size_t kMaxWaitingReports = 20'000;

/// Collects what comes while the database is busy, and writes it in one transaction. Safe from any
/// thread; borrows the database, which it uses on its thread.
class ReportIntake {
 public:
  using Answer = std::function<void(const base::Result<void>&)>;

  ReportIntake(Database& database, base::TaskThread& thread, const base::Clock& clock)
      : database_(database), thread_(thread), clock_(clock) {}

  /// Calls `answer` on the database's thread when the report is on disk. False when too many wait.
  [[nodiscard]] bool Take(Report report, Answer answer);

 private:
  struct Waiting {
    Report report;
    Answer answer;
  };
  void Write();
  base::Result<void> WriteAll(std::span<const Waiting> reports);

  Database& database_;
  base::TaskThread& thread_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::vector<Waiting> waiting_;
};

}  // namespace pennon::store
