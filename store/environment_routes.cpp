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
  object.Bool("protected", environment.is_protected).Int("version", environment.version);
  object.Uint("epoch", environment.epoch).Uint("revision", environment.revision);
  object.String("createdAt", Timestamp(environment.created_at));
  object.Close();
}

Result<Reply> Show(const Call& call, const std::string& key, int status) {
  auto environment = Environments(call.ledger.database()).Get(key);
  if (!environment) return Fail(environment.error());
  Reply reply;
  reply.status = status;
  reply.version = environment->version;
  AppendEnvironment(reply.body, *environment);
  if (status == 201) reply.location = "/api/v1/environments/" + key;
  return reply;
}

// A caller may send back what it got.
std::optional<base::Error> Finish(wire::ObjectReader& reader) {
  return reader.Finish({"version", "epoch", "revision", "createdAt"});
}

}  // namespace

Result<Reply> ListEnvironments(const Call& call) {
  auto all = Environments(call.ledger.database()).All();
  if (!all) return Fail(all.error());
  return Reply{200, JsonList("environments", *all, AppendEnvironment)};
}

Result<Reply> CreateEnvironment(const Call& call) {
  wire::ObjectReader reader(call.document, "");
  std::string key;
  std::string copied;
  reader.RequiredString("key", key);
  std::string name = key;
  bool is_protected = false;
  reader.String("name", name);
  reader.Bool("protected", is_protected);
  reader.String("copyFrom", copied);
  if (auto error = Finish(reader)) return Fail(*error);
  return call.Commit(
      call.Scope("", ""),
      [&](Change& change) {
        auto created = change.CreateEnvironment(key, name, is_protected);
        return created && !copied.empty() ? change.CopyEnvironment(copied, key) : created;
      },
      [&] { return Show(call, key, 201); });
}

Result<Reply> ShowEnvironment(const Call& call) {
  return Show(call, call.names[0], 200);
}

Result<Reply> ReplaceEnvironment(const Call& call) {
  wire::ObjectReader reader(call.document, "");
  std::string name;
  std::optional<bool> is_protected;
  reader.Get("key");
  reader.RequiredString("name", name);
  // Who does not know of it does not take the protection away.
  if (reader.Has("protected")) reader.Bool("protected", is_protected.emplace());
  reader.Get("protected");  // known, also when null
  if (auto error = Finish(reader)) return Fail(*error);
  return call.Commit(
      call.Scope(call.names[0], ""),
      [&](Change& change) { return change.PutEnvironment(call.names[0], name, is_protected); },
      [&] { return Show(call, call.names[0], 200); });
}

Result<Reply> DeleteEnvironment(const Call& call) {
  const std::string& key = call.names[0];
  if (call.query.Text("confirm") != key) {
    return Fail(base::Error::Invalid(
        "confirm", "expected ?confirm=" + key +
                       ": its configurations, segments and keys are deleted with it, and its "
                       "daemons get no more changes"));
  }
  auto done = call.ledger.Commit(call.Scope(key, "", true),
                                 [&](Change& change) { return change.DeleteEnvironment(key); });
  if (!done) return Fail(done.error());
  return Reply{204, ""};
}

}  // namespace pennon::store
