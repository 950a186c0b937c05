#include "store/report_intake.h"

#include <set>
#include <utility>

namespace pennon::store {

std::optional<std::int64_t> ReportIntake::TakeTurn(const std::string& key,
                                                   const std::string& instance) {
  return turns_.Take(key + ' ' + instance, clock_.Steady());
}

bool ReportIntake::Take(Report report, Answer answer) {
  const std::size_t weight = WeightOf(report);
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= kMaxWaitingReports) return false;
  // One that is over the budget by itself has to be taken some day.
  if (weight_ > 0 && weight_ + weight > kMaxWaitingWeight) return false;
  if (!is_posted_ && !thread_.Post([this] { Write(); })) return false;
  is_posted_ = true;
  weight_ += weight;
  waiting_.push_back({std::move(report), std::move(answer), weight});
  return true;
}

void ReportIntake::Write() {
  bool is_finished = false;
  while (!is_finished) {
    std::vector<Waiting> taken = Next();
    WriteAll(taken);
    // Before the answers: who has the last one may be done with the intake.
    is_finished = Finish(taken);
    for (const Waiting& one : taken) one.answer(one.done);
  }
}

std::vector<ReportIntake::Waiting> ReportIntake::Next() {
  std::vector<Waiting> taken;
  const std::lock_guard lock(mutex_);
  for (std::size_t weight = 0; !waiting_.empty(); waiting_.pop_front()) {
    weight += waiting_.front().weight;
    if (!taken.empty() && weight > kMaxWrittenWeight) break;
    taken.push_back(std::move(waiting_.front()));
  }
  return taken;
}

bool ReportIntake::Finish(const std::vector<Waiting>& written) {
  const std::lock_guard lock(mutex_);
  for (const Waiting& one : written) weight_ -= one.weight;
  is_posted_ = !waiting_.empty();
  return waiting_.empty() || thread_.Post([this] { Write(); });
}

// One that the database refuses must not be refused for all that came with it; when it does not
// answer at all, there is nothing to find out.
void ReportIntake::WriteAll(std::span<Waiting> reports) {
  const base::WallMillis now = clock_.Wall();
  const auto done = database_.Transaction([&]() -> base::Result<void> {
    Reports table(database_);
    base::Result<void> written;
    std::set<std::string_view> environments;
    for (const Waiting& one : reports) {
      if (written) written = table.Take(one.report, now);
      environments.insert(one.report.environment);
    }
    for (const std::string_view environment : environments) {
      if (written) written = table.LimitDaemons(environment);
    }
    return written;
  });
  if (!done && reports.size() > 1 && done.error().code() != base::ErrorCode::kUnavailable) {
    WriteAll(reports.first(reports.size() / 2));
    WriteAll(reports.subspan(reports.size() / 2));
    return;
  }
  for (Waiting& one : reports) one.done = done;
}

}  // namespace pennon::store
