// /api/v1/flags: what all environments share of a flag.
#include "base/json_text.h"
#include "store/definition.h"
#include "store/reply_json.h"
#include "store/routes.h"
#include "store/timestamp.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

void AppendRevisions(std::string& out, const EnvironmentSets& sets, const std::string& key) {
  base::JsonObject revisions(out);
  for (const auto& [environment, set] : sets) {
    const Definition* definition = set->Find({wire::LineKind::kFlag, key});
    if (definition != nullptr) revisions.Uint(environment, definition->stored.revision);
  }
  revisions.Close();
}

void AppendFlag(std::string& out, const EnvironmentSets& sets, const FlagRecord& flag) {
  base::JsonObject object(out);
  object.String("key", flag.key);
  AppendMembers(object, flag.definition);
  object.String("createdAt", Timestamp(flag.created_at));
  object.String("updatedAt", Timestamp(flag.updated_at));
  AppendRevisions(object.Key("revisions"), sets, flag.key);
  object.Close();
}

Result<Reply> Show(const Call& call, const std::string& key, int status) {
  auto flag = Flags(call.ledger.database()).Get(key);
  if (!flag) return Fail(flag.error());
  Reply reply;
  reply.status = status;
  AppendFlag(reply.body, call.ledger.sets(), *flag);
  if (status == 201) reply.location = "/api/v1/flags/" + key;
  return reply;
}

ChangeScope ScopeOf(const Call& call, const std::string& key) {
  return {call.actor, "", "flags." + key, false};
}

}  // namespace

Result<Reply> ListFlags(const Call& call) {
  auto all = Flags(call.ledger.database()).All();
  if (!all) return Fail(all.error());
  const auto append = [&](std::string& out, const FlagRecord& flag) {
    AppendFlag(out, call.ledger.sets(), flag);
  };
  return Reply{200, JsonList("flags", *all, append), ""};
}

Result<Reply> CreateFlag(const Call& call) {
  const model::Value* given = call.document.Find("key");
  if (given == nullptr || given->AsString() == nullptr) {
    return Fail(Error::Invalid("key", "is missing, expected a string"));
  }
  const std::string& key = *given->AsString();
  auto definition = ReadShared(*call.document.AsObject());
  if (!definition) return Fail(definition.error());
  auto done = call.ledger.Commit(ScopeOf(call, key), [&](Change& change) -> Result<void> {
    auto existing = change.flags.Find(key);
    if (!existing) return Fail(existing.error());
    if (*existing) return Fail(Error::Conflict("key", "there is a flag \"" + key + "\" already"));
    return change.PutFlag(key, *definition).map([](Outcome) {});
  });
  if (!done) return Fail(done.error());
  return Show(call, key, 201);
}

Result<Reply> ShowFlag(const Call& call) {
  return Show(call, call.names[0], 200);
}

Result<Reply> ReplaceFlag(const Call& call) {
  const std::string& key = call.names[0];
  const model::Value* given = call.document.Find("key");
  if (given != nullptr && *given != model::Value(key)) {
    return Fail(
        Error::Invalid("key", "is not the one in the path; the key of a flag never changes"));
  }
  auto definition = ReadShared(*call.document.AsObject());
  if (!definition) return Fail(definition.error());
  auto done = call.ledger.Commit(ScopeOf(call, key), [&](Change& change) -> Result<void> {
    if (auto existing = change.flags.Get(key); !existing) return Fail(existing.error());
    return change.PutFlag(key, *definition).map([](Outcome) {});
  });
  if (!done) return Fail(done.error());
  return Show(call, key, 200);
}

Result<Reply> DeleteFlag(const Call& call) {
  ChangeScope scope = ScopeOf(call, call.names[0]);
  scope.removes = true;
  auto done =
      call.ledger.Commit(scope, [&](Change& change) { return change.DeleteFlag(call.names[0]); });
  if (!done) return Fail(done.error());
  return Reply{204, "", ""};
}

}  // namespace pennon::store
