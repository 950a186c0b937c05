// POST /sync/v1/report: thousands of daemons report, a few transactions take it.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/task_thread.h"
#include "store/rate_limiter.h"
#include "store/reports.h"

namespace pennon::store {

/// Reports that wait; one more is answered 503.
inline constexpr std::size_t kMaxWaitingReports = 20'000;
/// What they weigh in all (WeightOf); what is beyond is answered 503, however few they are.
inline constexpr std::size_t kMaxWaitingWeight = 200'000;
/// What one transaction takes, so that changes get their turn in between.
inline constexpr std::size_t kMaxWrittenWeight = 20'000;
/// Of one daemon; it may send twice as many at once. One that has much to tell sends four.
inline constexpr std::int64_t kReportsPerSecond = 5;

/// Collects what comes while the database is busy, and writes it in a few transactions. Safe from
/// any thread; borrows the database, which it uses on its thread.
class ReportIntake {
 public:
  using Answer = std::function<void(const base::Result<void>&)>;

  ReportIntake(Database& database, base::TaskThread& thread, const base::Clock& clock)
      : database_(database), thread_(thread), clock_(clock) {}

  /// None when a daemon may report now, else the milliseconds until it may. A fleet shares its key,
  /// so it is the daemons that are counted.
  std::optional<std::int64_t> TakeTurn(const std::string& key, const std::string& instance);
  /// Calls `answer` on the database's thread when the report is on disk. False when too much waits.
  [[nodiscard]] bool Take(Report report, Answer answer);

 private:
  struct Waiting {
    Report report;
    Answer answer;
    std::size_t weight = 0;
    base::Result<void> done = {};
  };
  void Write();
  /// Takes what is written next out of the queue.
  std::vector<Waiting> Next();
  /// What was written waits no more. False when there is more, and the thread takes no task for it.
  bool Finish(const std::vector<Waiting>& written);
  void WriteAll(std::span<Waiting> reports);

  Database& database_;
  base::TaskThread& thread_;
  const base::Clock& clock_;
  RateLimiter turns_{kReportsPerSecond};
  std::mutex mutex_;
  std::deque<Waiting> waiting_;
  std::size_t weight_ = 0;  // of what waits, and of what is being written
  bool is_posted_ = false;  // a task that writes is queued, or runs
};

}  // namespace pennon::store
