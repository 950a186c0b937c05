#include "store/report_intake.h"

namespace pennon::store {

bool ReportIntake::Take(Report report, Answer answer) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= kMaxWaitingReports) return false;
  // One task writes all that wait when its turn comes.
  if (waiting_.empty() && !thread_.Post([this] { Write(); })) return false;
  waiting_.push_back({std::move(report), std::move(answer)});
  return true;
}

void ReportIntake::Write() {
  std::vector<Waiting> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(waiting_);
  }
  const base::WallMillis now = clock_.Wall();
  const auto done = database_.Transaction([&]() -> base::Result<void> {
    Reports reports(database_);
    for (const Waiting& one : taken) {
      if (auto written = reports.Take(one.report, now); !written) return written;
    }
    return {};
  });
  for (const Waiting& one : taken) one.answer(done);
}

}  // namespace pennon::store
