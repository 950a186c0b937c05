// Changes of configurations that wait for their time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/database.h"

namespace pennon::store {

enum class ScheduleState : std::uint8_t { kPending, kApplied, kFailed, kCancelled };
std::string_view Name(ScheduleState state);  // "pending", "applied", "failed", "cancelled"

struct Schedule {
  std::int64_t id = 0;
  std::string environment;
  std::string flag;
  base::WallMillis due_at = 0;
  std::string document;  // JSON text: a merge patch, or instructions
  std::string actor;     // who made it
  base::WallMillis created_at = 0;
  ScheduleState state = ScheduleState::kPending;
  std::string outcome;  // why it failed
};

/// Borrows the database; confined to its thread.
class Schedules {
 public:
  explicit Schedules(Database& database) : database_(database) {}

  base::Result<void> Insert(const Schedule& schedule);
  base::Result<void> SetState(std::int64_t id, ScheduleState state, const std::string& outcome);
  /// kNotFound when the environment has none with this id.
  base::Result<Schedule> Get(const std::string& environment, std::int64_t id);
  /// At most `limit` with ids above `after`.
  base::Result<std::vector<Schedule>> Page(const std::string& environment, std::int64_t after,
                                           std::int64_t limit);
  /// Those that wait and whose time has come, the earliest first.
  base::Result<std::vector<Schedule>> Due(base::WallMillis now);

 private:
  template <typename... T>
  base::Result<std::vector<Schedule>> Select(const std::string& where, const T&... values);
  Database& database_;
};

}  // namespace pennon::store
