#include "store/schedules.h"

#include <algorithm>
#include <array>

namespace pennon::store {
namespace {

constexpr std::array<std::string_view, 4> kStateNames{"pending", "applied", "failed", "cancelled"};
constexpr std::int64_t kMaxDueAtOnce = 100;

ScheduleState ParseState(std::string_view text) {
  const auto* const found = std::find(kStateNames.begin(), kStateNames.end(), text);
  return static_cast<ScheduleState>(found == kStateNames.end() ? 2 : found - kStateNames.begin());
}

Schedule FromRow(const Row& row) {
  Schedule schedule;
  schedule.id = row.Int(0);
  schedule.environment = row.Text(1);
  schedule.flag = row.Text(2);
  schedule.due_at = row.Int(3);
  schedule.document = row.Text(4);
  schedule.actor = row.Text(5);
  schedule.created_at = row.Int(6);
  schedule.state = ParseState(row.Text(7));
  schedule.outcome = row.Text(8);
  return schedule;
}

}  // namespace

std::string_view Name(ScheduleState state) {
  return kStateNames[static_cast<std::size_t>(state)];
}

template <typename... T>
base::Result<std::vector<Schedule>> Schedules::Select(const std::string& where,
                                                      const T&... values) {
  std::vector<Schedule> schedules;
  auto read = database_.Each(
      "SELECT id, environment, flag, due_at, document, actor, created_at, state, outcome "
      "FROM schedules WHERE " +
          where,
      [&](const Row& row) { schedules.push_back(FromRow(row)); }, values...);
  if (!read) return base::Fail(read.error());
  return schedules;
}

base::Result<void> Schedules::Insert(const Schedule& schedule) {
  return database_.Run(
      "INSERT INTO schedules (id, environment, flag, due_at, document, actor, created_at, state, "
      "outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      schedule.id, schedule.environment, schedule.flag, schedule.due_at, schedule.document,
      schedule.actor, schedule.created_at, Name(schedule.state), schedule.outcome);
}

base::Result<void> Schedules::SetState(std::int64_t id, ScheduleState state,
                                       const std::string& outcome) {
  return database_.Run("UPDATE schedules SET state = ?, outcome = ? WHERE id = ?", Name(state),
                       outcome, id);
}

base::Result<Schedule> Schedules::Get(const std::string& environment, std::int64_t id) {
  auto found = Select("environment = ? AND id = ?", environment, id);
  if (!found) return base::Fail(found.error());
  if (!found->empty()) return std::move(found->front());
  return base::Fail(base::Error::NotFound("schedules." + std::to_string(id),
                                          "there is no such scheduled change"));
}

base::Result<std::vector<Schedule>> Schedules::Page(const std::string& environment,
                                                    std::int64_t after, std::int64_t limit) {
  return Select("environment = ? AND id > ? ORDER BY id LIMIT ?", environment, after, limit);
}

base::Result<std::vector<Schedule>> Schedules::Due(base::WallMillis now) {
  return Select("state = 'pending' AND due_at <= ? ORDER BY due_at, id LIMIT ?", now,
                kMaxDueAtOnce);
}

}  // namespace pennon::store
