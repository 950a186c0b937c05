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
  const auto done = WriteAll(taken);
  for (const Waiting& one : taken) {
    // One that the database refuses must not be refused for all that came with it.
    one.answer(done || taken.size() == 1 ? done : WriteAll({&one, 1}));
  }
}

base::Result<void> ReportIntake::WriteAll(std::span<const Waiting> reports) {
  const base::WallMillis now = clock_.Wall();
  return database_.Transaction([&]() -> base::Result<void> {
    Reports table(database_);
    for (const Waiting& one : reports) {
      if (auto written = table.Take(one.report, now); !written) return written;
    }
    return {};
  });
}

}  // namespace pennon::store
