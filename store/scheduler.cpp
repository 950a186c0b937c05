#include "store/scheduler.h"

#include "store/definition.h"
#include "store/instructions.h"
#include "store/merge_patch.h"

namespace pennon::store {
namespace {

using base::Fail;
using base::Result;

ChangeScope ScopeOf(const Schedule& schedule, const model::Value& document) {
  ChangeScope scope{"schedule:" + std::to_string(schedule.id) + " by " + schedule.actor,
                    schedule.environment, "flags." + schedule.flag};
  scope.comment = CommentOf(document);
  if (scope.comment.empty()) scope.comment = "as scheduled";  // why is told where that was done
  return scope;
}

// Another store may have made it since it was found.
Result<bool> StillPending(Database& database, const Schedule& schedule) {
  return Schedules(database).Get(schedule.environment, schedule.id).map([](const Schedule& now) {
    return now.state == ScheduleState::kPending;
  });
}

Result<void> Make(Ledger& ledger, const Schedule& schedule, bool& made) {
  auto stored = ReadStored("schedules", schedule.document);
  if (!stored) return Fail(stored.error());
  const model::Value document(*std::move(stored));
  return ledger.Commit(ScopeOf(schedule, document), [&](Change& change) -> Result<void> {
    auto pending = StillPending(ledger.database(), schedule);
    if (!pending) return Fail(pending.error());
    made = *pending;
    if (!made) return {};
    auto config = change.flags.FindConfig(schedule.environment, schedule.flag);
    if (!config) return Fail(config.error());
    if (!*config) return Fail(base::Error::NotFound("flags." + schedule.flag, "is gone"));
    auto changed = ApplyToConfig(std::move((*config)->definition), document);
    if (!changed) return Fail(changed.error());
    auto put = change.PutConfig(schedule.environment, schedule.flag, *std::move(changed));
    if (!put) return Fail(put.error());
    return Schedules(ledger.database()).SetState(schedule.id, ScheduleState::kApplied, "");
  });
}

// A busy or lost database is no reason to give up, nor is little memory: it is tried again.
bool IsFinal(const base::Error& error) {
  return error.code() != base::ErrorCode::kUnavailable &&
         error.code() != base::ErrorCode::kNoMemory && error.code() != base::ErrorCode::kInternal;
}

Result<void> NoteFailure(Ledger& ledger, const Schedule& schedule, const base::Error& error) {
  return ledger.database().Transaction([&]() -> Result<void> {
    auto pending = StillPending(ledger.database(), schedule);
    if (!pending) return Fail(pending.error());
    if (!*pending) return {};
    return Schedules(ledger.database())
        .SetState(schedule.id, ScheduleState::kFailed, error.Message());
  });
}

}  // namespace

Result<model::Object> ApplyToConfig(model::Object config, const model::Value& document) {
  if (HasInstructions(document)) return FollowInstructions(std::move(config), document);
  auto patch = ReadConfig(*document.AsObject());
  if (!patch) return patch;
  return MergePatch(std::move(config), *patch);
}

void RunDueSchedules(Ledger& ledger, base::Logger& log) {
  const auto due = Schedules(ledger.database()).Due(ledger.clock().Wall());
  if (!due) return;  // the database's trouble is told elsewhere
  for (const Schedule& schedule : *due) {
    bool made = false;
    const auto done = Make(ledger, schedule, made);
    if (done && made) {
      log.Info(
          "scheduled change made",
          {{"id", schedule.id}, {"environment", schedule.environment}, {"flag", schedule.flag}});
    } else if (!done && IsFinal(done.error())) {
      log.Warn("scheduled change failed", {{"id", schedule.id},
                                           {"environment", schedule.environment},
                                           {"flag", schedule.flag},
                                           {"reason", done.error().Message()}});
      static_cast<void>(NoteFailure(ledger, schedule, done.error()));
    }
  }
}

}  // namespace pennon::store
