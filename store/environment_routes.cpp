// /api/v1/environments
#include "base/json_text.h"
#include "store/reply_json.h"
#include "store/routes.h"
#include "store/timestamp.h"
#include "wire/object_reader.h"

namespace pennon::store {
namespace {

using base::Fail;
using base::Result;

void AppendEnvironment(std::string& out, const Environment& environment) {
  base::JsonObject object(out);
  object.String("key", environment.key).String("name", environment.name);
  object.Uint("epoch", environment.epoch).Uint("revision", environment.revision);
  object.String("createdAt", Timestamp(environment.created_at));
  object.Close();
}

Result<Reply> Show(const Call& call, const std::string& key, int status) {
  auto environment = Environments(call.ledger.database()).Get(key);
  if (!environment) return Fail(environment.error());
  Reply reply;
  reply.status = status;
  AppendEnvironment(reply.body, *environment);
  if (status == 201) reply.location = "/api/v1/environments/" + key;
  return reply;
}

// `key` is what a new environment must name; null when it is in the path already. A caller may send
// back what it got: what the API adds is passed over.
Result<std::string> ReadName(const Call& call, std::string* key) {
  wire::ObjectReader reader(call.document, "");
  std::string name;
  if (key != nullptr) {
    reader.RequiredString("key", *key);
    name = *key;
    reader.String("name", name);
  } else {
    reader.Get("key");
    reader.RequiredString("name", name);
  }
  if (auto error = reader.Finish({"epoch", "revision", "createdAt"})) return Fail(*error);
  return name;
}

}  // namespace

Result<Reply> ListEnvironments(const Call& call) {
  auto all = Environments(call.ledger.database()).All();
  if (!all) return Fail(all.error());
  return Reply{200, JsonList("environments", *all, AppendEnvironment), ""};
}

Result<Reply> CreateEnvironment(const Call& call) {
  std::string key;
  auto name = ReadName(call, &key);
  if (!name) return Fail(name.error());
  auto done = call.ledger.Commit({call.actor, "", "", false}, [&](Change& change) {
    return change.CreateEnvironment(key, *name);
  });
  if (!done) return Fail(done.error());
  return Show(call, key, 201);
}

Result<Reply> ShowEnvironment(const Call& call) {
  return Show(call, call.names[0], 200);
}

Result<Reply> RenameEnvironment(const Call& call) {
  auto name = ReadName(call, nullptr);
  if (!name) return Fail(name.error());
  auto done = call.ledger.Commit({call.actor, call.names[0], "", false}, [&](Change& change) {
    return change.RenameEnvironment(call.names[0], *name);
  });
  if (!done) return Fail(done.error());
  return Show(call, call.names[0], 200);
}

Result<Reply> DeleteEnvironment(const Call& call) {
  auto done = call.ledger.Commit({call.actor, call.names[0], "", true}, [&](Change& change) {
    return change.DeleteEnvironment(call.names[0]);
  });
  if (!done) return Fail(done.error());
  return Reply{204, "", ""};
}

}  // namespace pennon::store
