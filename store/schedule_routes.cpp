// /api/v1/environments/{environment}/schedules: changes of configurations that wait for their time.
#include <charconv>

#include "store/definition.h"
#include "store/instructions.h"
#include "store/reply_json.h"
#include "store/routes.h"
#include "store/scheduler.h"
#include "store/timestamp.h"
#include "wire/object_reader.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

void AppendSchedule(std::string& out, const Schedule& schedule) {
  base::JsonObject object(out);
  object.Int("id", schedule.id).String("environment", schedule.environment);
  object.String("flag", schedule.flag).String("at", Timestamp(schedule.due_at));
  object.String("state", Name(schedule.state)).String("actor", schedule.actor);
  object.String("createdAt", Timestamp(schedule.created_at));
  if (!schedule.outcome.empty()) object.String("outcome", schedule.outcome);
  object.Raw("change", schedule.document);
  object.Close();
}

Result<Reply> Show(const Call& call, std::int64_t id, int status) {
  auto schedule = Schedules(call.ledger.database()).Get(call.names[0], id);
  if (!schedule) return Fail(schedule.error());
  Reply reply;
  reply.status = status;
  AppendSchedule(reply.body, *schedule);
  if (status == 201) {
    reply.location = "/api/v1/environments/" + call.names[0] + "/schedules/" + std::to_string(id);
  }
  return reply;
}

Result<std::int64_t> ReadId(const Call& call) {
  const std::string& text = call.names.back();
  std::int64_t id = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), id);
  if (end.ec == std::errc() && end.ptr == text.data() + text.size()) return id;
  return Fail(Error::NotFound("schedules", "expected the number of a scheduled change"));
}

ChangeScope ScopeOf(const Call& call, const std::string& definition, const model::Value& document) {
  ChangeScope scope = call.Scope(call.names[0], definition);
  if (scope.comment.empty()) scope.comment = CommentOf(document);
  return scope;
}

// Refused when it could not be made now: nobody is there to see it fail at night.
Result<void> Try(const Call& call, const Schedule& schedule, const model::Value& document) {
  Result<void> tried;
  auto done = call.ledger.Rehearse([&] {
    tried = call.ledger.Commit(
        ScopeOf(call, "flags." + schedule.flag, document), [&](Change& change) -> Result<void> {
          if (auto known = change.flags.Get(schedule.flag); !known) return Fail(known.error());
          auto config = change.flags.FindConfig(schedule.environment, schedule.flag);
          if (!config) return Fail(config.error());
          auto changed = ApplyToConfig(std::move((*config)->definition), document);
          if (!changed) return Fail(changed.error());
          return change.PutConfig(schedule.environment, schedule.flag, *std::move(changed))
              .map([](Outcome) {});
        });
  });
  if (!done) return done;
  if (!tried && tried.error().code() == base::ErrorCode::kInvalid &&
      tried.error().where() != "comment") {
    return Fail(tried.error().Within("change"));
  }
  return tried;
}

}  // namespace

Result<Reply> ListSchedules(const Call& call) {
  if (auto set = call.Set(); !set) return Fail(set.error());
  auto size = call.query.PageSize();
  if (!size) return Fail(size.error());
  auto after = call.query.Number("after", 0, 0, INT64_MAX);
  if (!after) return Fail(after.error());
  auto page = Schedules(call.ledger.database()).Page(call.names[0], *after, *size + 1);
  if (!page) return Fail(page.error());
  return Reply{200, JsonPage("schedules", *std::move(page), *size, AppendSchedule,
                             [](const Schedule& one) { return std::to_string(one.id); })};
}

Result<Reply> ShowSchedule(const Call& call) {
  auto id = ReadId(call);
  if (!id) return Fail(id.error());
  return Show(call, *id, 200);
}

Result<Reply> CreateSchedule(const Call& call) {
  if (auto set = call.Set(); !set) return Fail(set.error());
  Schedule schedule;
  schedule.environment = call.names[0];
  schedule.actor = call.request.actor;
  schedule.created_at = call.ledger.clock().Wall();
  wire::ObjectReader reader(call.document, "");
  std::int64_t due_micros = 0;
  reader.RequiredString("flag", schedule.flag);
  reader.RequiredInstant("at", due_micros);
  const model::Value* document = reader.Get("change");
  if (!reader.failed() && (document == nullptr || document->AsObject() == nullptr)) {
    reader.Invalid("change", "is missing, expected a merge patch or instructions");
  }
  schedule.due_at = due_micros / 1000;
  if (!reader.failed() && schedule.due_at <= schedule.created_at) {
    reader.Invalid("at", "is not in the future");
  }
  if (auto error = reader.Finish()) return Fail(*error);
  if (auto tried = Try(call, schedule, *document); !tried) return Fail(tried.error());
  schedule.document = JsonText(*document->AsObject());
  return call.Commit(
      ScopeOf(call, "", *document),
      [&](Change& change) -> Result<void> {
        auto id = call.ledger.database().NextId();
        if (!id) return Fail(id.error());
        schedule.id = *id;
        return change.AddSchedule(schedule);
      },
      [&] { return Show(call, schedule.id, 201); });
}

Result<Reply> CancelSchedule(const Call& call) {
  auto id = ReadId(call);
  if (!id) return Fail(id.error());
  return call.Commit(
      call.Scope(call.names[0], ""),
      [&](Change& change) { return change.CancelSchedule(call.names[0], *id); },
      [&] { return Show(call, *id, 200); });
}

}  // namespace pennon::store
