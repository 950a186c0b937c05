#include "store/access_change.h"

#include <algorithm>

#include "base/digest.h"
#include "store/definition.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;
using model::Object;
using model::Value;

// Never a hash: the log is read by more people than the table.
std::string Described(const TokenRecord& token) {
  Object description{{"kind", Value(std::string(Name(token.kind)))},
                     {"name", Value(token.name)},
                     {"last4", Value(token.last4)}};
  if (token.expires_at) description.emplace_back("expiresAt", *token.expires_at);
  return JsonText(description);
}

std::string Described(const Roles& roles) {
  Object environments;
  for (const auto& [environment, role] : roles.environments) {
    environments.emplace_back(environment, Value(std::string(Name(role))));
  }
  return JsonText({{"role", Value(std::string(Name(roles.everywhere)))},
                   {"environments", Value(std::move(environments))}});
}

Subject SubjectOf(const std::string& user) {
  return {std::nullopt, "user", user};
}

}  // namespace

Result<NewToken> AccessChange::CreateToken(TokenKind kind, std::optional<std::string> environment,
                                           const std::string& name,
                                           std::optional<base::WallMillis> expires_at) {
  if (auto valid = CheckName("name", name); !valid) return Fail(valid.error());
  if (expires_at && *expires_at <= change_.now()) {
    return Fail(Error::Invalid("expiresAt", "is not in the future"));
  }
  if (environment) {
    if (auto known = change_.environments.Get(*environment); !known) return Fail(known.error());
  }
  NewToken made = MakeToken(kind, std::move(environment), name, change_.now(), expires_at);
  auto id = tokens_.Insert(made.record);
  if (!id) return Fail(id.error());
  made.record.id = *id;
  change_.NoteCredentials();
  auto recorded = change_.Record({{made.record.environment, "token", std::to_string(*id)},
                                  0,
                                  std::nullopt,
                                  Described(made.record)});
  if (!recorded) return Fail(recorded.error());
  return made;
}

Result<TokenRecord> AccessChange::FindToken(const std::optional<std::string>& environment,
                                            std::int64_t id) {
  if (environment) {
    if (auto known = change_.environments.Get(*environment); !known) return Fail(known.error());
  }
  auto all = environment ? tokens_.Of(*environment) : tokens_.ForApi();
  if (!all) return Fail(all.error());
  for (TokenRecord& token : *all) {
    if (token.id == id) return std::move(token);
  }
  return Fail(Error::NotFound((environment ? "keys." : "tokens.") + std::to_string(id),
                              "there is no such token"));
}

Result<void> AccessChange::DeleteToken(const std::optional<std::string>& environment,
                                       std::int64_t id) {
  auto token = FindToken(environment, id);
  if (!token) return Fail(token.error());
  change_.NoteCredentials();
  auto recorded = change_.Record(
      {{token->environment, "token", std::to_string(id)}, 0, Described(*token), std::nullopt});
  if (!recorded) return Fail(recorded.error());
  return tokens_.Delete(id);
}

Result<NewToken> AccessChange::RotateToken(const std::optional<std::string>& environment,
                                           std::int64_t id, std::int64_t overlap_millis) {
  auto token = FindToken(environment, id);
  if (!token) return Fail(token.error());
  TokenRecord ending = *token;
  ending.expires_at =
      std::min(change_.now() + overlap_millis, token->expires_at.value_or(INT64_MAX));
  auto recorded = change_.Record(
      {{token->environment, "token", std::to_string(id)}, 0, Described(*token), Described(ending)});
  if (!recorded) return Fail(recorded.error());
  if (auto set = tokens_.SetExpiry(id, *ending.expires_at); !set) return Fail(set.error());
  return CreateToken(token->kind, token->environment, token->name, token->expires_at);
}

Result<void> AccessChange::CheckRoles(const Roles& roles) {
  for (const auto& [environment, role] : roles.environments) {
    auto found = change_.environments.Find(environment);
    if (!found) return Fail(found.error());
    if (*found) continue;
    return Fail(Error::Invalid("environments." + environment, "there is no such environment"));
  }
  return {};
}

// Tokens of admins may be lost; somebody has to be able to invite others.
Result<void> AccessChange::CheckAdminIsLeft() {
  auto users = users_.All();
  if (!users) return Fail(users.error());
  const bool is_left = std::any_of(users->begin(), users->end(), [](const UserRecord& user) {
    return user.roles.Least() == Role::kAdmin;
  });
  if (is_left) return {};
  return Fail(Error::Conflict("role", "nobody would be left who is an admin everywhere"));
}

Result<void> AccessChange::CreateUser(const std::string& name, const Roles& roles) {
  if (auto valid = CheckUserName("name", name); !valid) return valid;
  if (auto valid = CheckRoles(roles); !valid) return valid;
  if (users_.Get(name)) {
    return Fail(Error::Conflict("name", "there is a user \"" + name + "\" already"));
  }
  auto id = change_.database().NextId();
  if (!id) return Fail(id.error());
  auto version = change_.Record({SubjectOf(name), 0, std::nullopt, Described(roles)});
  if (!version) return Fail(version.error());
  change_.NoteCredentials();
  return users_.Insert({*id, name, roles, "", change_.now(), *version});
}

Result<void> AccessChange::SetRoles(const std::string& name, const Roles& roles) {
  auto user = users_.Get(name);
  if (!user) return Fail(user.error());
  if (auto may = change_.Require(user->version); !may) return may;
  if (user->roles == roles) return {};
  if (auto valid = CheckRoles(roles); !valid) return valid;
  auto version =
      change_.Record({SubjectOf(name), user->version, Described(user->roles), Described(roles)});
  if (!version) return Fail(version.error());
  const bool was_admin = user->roles.Least() == Role::kAdmin;
  user->roles = roles;
  user->version = *version;
  change_.NoteCredentials();
  auto done = users_.Update(*user);
  return done && was_admin ? CheckAdminIsLeft() : done;
}

Result<void> AccessChange::DeleteUser(const std::string& name) {
  auto user = users_.Get(name);
  if (!user) return Fail(user.error());
  if (auto may = change_.Require(user->version); !may) return may;
  auto version =
      change_.Record({SubjectOf(name), user->version, Described(user->roles), std::nullopt});
  if (!version) return Fail(version.error());
  change_.NoteCredentials();
  auto done = users_.Delete(user->id);
  return done && user->roles.Least() == Role::kAdmin ? CheckAdminIsLeft() : done;
}

// What has no text before and after, such as a password.
Result<void> AccessChange::Note(const UserRecord& user, std::string_view what) {
  change_.NoteCredentials();
  return change_
      .Record({{std::nullopt, "account", user.name},
               0,
               std::nullopt,
               JsonText({{"event", Value(std::string(what))}})})
      .map([](std::int64_t) {});
}

Result<std::string> AccessChange::Invite(const std::string& name) {
  auto user = users_.Get(name);
  if (!user) return Fail(user.error());
  std::string secret = base::RandomToken("pn_invite_");
  auto done = Note(*user, "invited").and_then([&] {
    return users_.PutInvitation(user->id, base::Sha256Hex(secret),
                                change_.now() + kInvitationMillis);
  });
  if (!done) return Fail(done.error());
  return secret;
}

Result<std::string> AccessChange::Accept(const std::string& invitation, const std::string& hash) {
  auto name = users_.Invited(base::Sha256Hex(invitation), change_.now());
  if (!name) return name;
  auto done = SetPassword(*name, hash);
  if (!done) return Fail(done.error());
  return name;
}

Result<void> AccessChange::SetPassword(const std::string& name, const std::string& hash) {
  auto user = users_.Get(name);
  if (!user) return Fail(user.error());
  user->password = hash;
  return Note(*user, "password set")
      .and_then([&] { return users_.Update(*user); })
      .and_then([&] { return users_.DeleteInvitation(user->id); })
      .and_then([&] { return users_.DeleteSessionsOf(user->id); });
}

Result<AccessChange::NewSession> AccessChange::BeginSession(const std::string& name) {
  auto user = users_.Get(name);
  if (!user) return Fail(user.error());
  auto id = change_.database().NextId();
  if (!id) return Fail(id.error());
  NewSession session{base::RandomToken(""), change_.now() + kSessionIdleMillis};
  auto done = Note(*user, "signed in")
                  .and_then([&] {
                    return users_.InsertSession({*id, user->id, base::Sha256Hex(session.secret),
                                                 change_.now(), session.expires_at});
                  })
                  .and_then([&] { return users_.DeleteOldSessions(user->id, kMaxSessions); });
  if (!done) return Fail(done.error());
  return session;
}

Result<void> AccessChange::EndSession(const std::string& name, std::int64_t id) {
  auto user = users_.Get(name);
  if (!user) return Fail(user.error());
  return Note(*user, "signed out").and_then([&] { return users_.DeleteSession(id); });
}

}  // namespace pennon::store
