// /api/v1/users: people who sign in with a password.
#include "base/json_text.h"
#include "store/access_change.h"
#include "store/reply_json.h"
#include "store/routes.h"
#include "store/timestamp.h"
#include "wire/object_reader.h"

namespace pennon::store {
namespace {

using base::Fail;
using base::Result;

void WriteUser(base::JsonObject& object, const UserRecord& user) {
  object.String("name", user.name);
  AppendRoles(object, user.roles);
  object.Bool("hasPassword", !user.password.empty());
  object.String("createdAt", Timestamp(user.created_at)).Int("version", user.version);
}

void AppendUser(std::string& out, const UserRecord& user) {
  base::JsonObject object(out);
  WriteUser(object, user);
  object.Close();
}

void ReadRole(wire::ObjectReader& reader, std::string_view where, const std::string& text,
              Role& role) {
  if (const auto parsed = ParseRole(text)) {
    role = *parsed;
  } else {
    reader.Invalid(where, "is \"" + text + "\", expected none, viewer, editor or admin");
  }
}

// What the API adds when it shows a user is passed over.
Result<Roles> ReadRoles(const Call& call, std::string* name) {
  wire::ObjectReader reader(call.document, "");
  Roles roles;
  std::string everywhere = "none";
  if (name != nullptr) reader.RequiredString("name", *name);
  reader.String("role", everywhere);
  ReadRole(reader, "role", everywhere, roles.everywhere);
  if (const model::Value* environments = reader.Get("environments")) {
    if (environments->AsObject() == nullptr) reader.Invalid("environments", "expected an object");
    for (const auto& [environment, value] :
         environments->AsObject() == nullptr ? model::Object() : *environments->AsObject()) {
      const std::string where = "environments." + environment;
      const std::string* text = value.AsString();
      ReadRole(reader, where, text == nullptr ? "" : *text, roles.environments[environment]);
    }
  }
  if (auto error = reader.Finish({"name", "hasPassword", "createdAt", "version"})) {
    return Fail(*error);
  }
  return roles;
}

Result<Reply> Show(const Call& call, const std::string& name, int status) {
  auto user = Users(call.ledger.database()).Get(name);
  if (!user) return Fail(user.error());
  Reply reply;
  reply.status = status;
  reply.version = user->version;
  AppendUser(reply.body, *user);
  return reply;
}

// The one answer that has the secret with which a password is set.
Result<Reply> ShowInvitation(const Call& call, const std::string& name, const std::string& secret) {
  auto user = Users(call.ledger.database()).Get(name);
  if (!user) return Fail(user.error());
  Reply reply;
  reply.status = 201;
  reply.location = "/api/v1/users/" + name;
  base::JsonObject object(reply.body);
  WriteUser(object, *user);
  object.String("invitation", secret).Close();
  return reply;
}

}  // namespace

Result<Reply> ListUsers(const Call& call) {
  auto users = Users(call.ledger.database()).All();
  if (!users) return Fail(users.error());
  return Reply{200, JsonList("users", *users, AppendUser)};
}

Result<Reply> ShowUser(const Call& call) {
  return Show(call, call.names[0], 200);
}

Result<Reply> CreateUser(const Call& call) {
  std::string name;
  auto roles = ReadRoles(call, &name);
  if (!roles) return Fail(roles.error());
  std::string secret;
  return call.Commit(
      call.Scope("", ""),
      [&](Change& change) {
        AccessChange access(change);
        return access.CreateUser(name, *roles)
            .and_then([&] { return access.Invite(name); })
            .map([&](std::string made) { secret = std::move(made); });
      },
      [&] { return ShowInvitation(call, name, secret); });
}

Result<Reply> ReplaceUser(const Call& call) {
  auto roles = ReadRoles(call, nullptr);
  if (!roles) return Fail(roles.error());
  return call.Commit(
      call.Scope("", ""),
      [&](Change& change) { return AccessChange(change).SetRoles(call.names[0], *roles); },
      [&] { return Show(call, call.names[0], 200); });
}

Result<Reply> DeleteUser(const Call& call) {
  auto done = call.ledger.Commit(call.Scope("", "", true), [&](Change& change) {
    return AccessChange(change).DeleteUser(call.names[0]);
  });
  if (!done) return Fail(done.error());
  return Reply{204, ""};
}

Result<Reply> InviteUser(const Call& call) {
  std::string secret;
  return call.Commit(
      call.Scope("", ""),
      [&](Change& change) {
        return AccessChange(change).Invite(call.names[0]).map([&](std::string made) {
          secret = std::move(made);
        });
      },
      [&] { return ShowInvitation(call, call.names[0], secret); });
}

}  // namespace pennon::store
