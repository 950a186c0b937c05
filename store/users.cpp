#include "store/users.h"

#include <algorithm>
#include <cctype>

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

constexpr std::size_t kMaxUserNameBytes = 100;

UserRecord FromRow(const Row& row) {
  UserRecord user;
  user.id = row.Int(0);
  user.name = row.Text(1);
  user.roles.everywhere = ParseRole(row.Text(2)).value_or(Role::kNone);
  user.password = row.Text(3);
  user.created_at = row.Int(4);
  user.version = row.Int(5);
  return user;
}

}  // namespace

Result<void> CheckUserName(std::string_view where, std::string_view name) {
  const bool valid = !name.empty() && name.size() <= kMaxUserNameBytes &&
                     std::all_of(name.begin(), name.end(), [](char c) {
                       return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                              std::string_view("._@+-").find(c) != std::string_view::npos;
                     });
  if (valid) return {};
  return Fail(Error::Invalid(where, "is no name to sign in with: expected 1 to " +
                                        std::to_string(kMaxUserNameBytes) +
                                        " letters, digits, '.', '_', '@', '+' or '-'"));
}

Result<std::vector<UserRecord>> Users::All() {
  std::vector<UserRecord> users;
  auto read = database_.Each(
      "SELECT id, name, role, password, created_at, version FROM users ORDER BY name",
      [&](const Row& row) { users.push_back(FromRow(row)); });
  if (!read) return Fail(read.error());
  read = database_.Each("SELECT user_id, environment, role FROM user_roles", [&](const Row& row) {
    const auto user = std::find_if(users.begin(), users.end(),
                                   [&](const auto& one) { return one.id == row.Int(0); });
    if (user == users.end()) return;
    user->roles.environments.emplace(row.Text(1), ParseRole(row.Text(2)).value_or(Role::kNone));
  });
  if (!read) return Fail(read.error());
  return users;
}

Result<UserRecord> Users::Get(const std::string& name) {
  auto all = All();
  if (!all) return Fail(all.error());
  for (UserRecord& user : *all) {
    if (user.name == name) return std::move(user);
  }
  return Fail(Error::NotFound("users." + name, "there is no such user"));
}

Result<void> Users::Insert(const UserRecord& user) {
  return database_
      .Run(
          "INSERT INTO users (id, name, role, password, created_at, version) "
          "VALUES (?, ?, ?, ?, ?, ?)",
          user.id, user.name, Name(user.roles.everywhere), user.password, user.created_at,
          user.version)
      .and_then([&] { return PutRoles(user); });
}

Result<void> Users::Update(const UserRecord& user) {
  return database_
      .Run("UPDATE users SET role = ?, password = ?, version = ? WHERE id = ?",
           Name(user.roles.everywhere), user.password, user.version, user.id)
      .and_then([&] { return PutRoles(user); });
}

Result<void> Users::PutRoles(const UserRecord& user) {
  auto done = database_.Run("DELETE FROM user_roles WHERE user_id = ?", user.id);
  for (const auto& [environment, role] : user.roles.environments) {
    if (!done) return done;
    done = database_.Run("INSERT INTO user_roles (user_id, environment, role) VALUES (?, ?, ?)",
                         user.id, environment, Name(role));
  }
  return done;
}

Result<void> Users::Delete(std::int64_t id) {
  return database_.Run("DELETE FROM users WHERE id = ?", id);
}

Result<std::vector<SessionRecord>> Users::Sessions() {
  std::vector<SessionRecord> sessions;
  auto read =
      database_.Each("SELECT id, user_id, hash, created_at, expires_at FROM sessions ORDER BY id",
                     [&](const Row& row) {
                       sessions.push_back({row.Int(0), row.Int(1), std::string(row.Text(2)),
                                           row.Int(3), row.Int(4)});
                     });
  if (!read) return Fail(read.error());
  return sessions;
}

Result<void> Users::InsertSession(const SessionRecord& session) {
  return database_.Run(
      "INSERT INTO sessions (id, user_id, hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
      session.id, session.user, session.hash, session.created_at, session.expires_at);
}

Result<std::int64_t> Users::ExtendSession(std::int64_t id, base::WallMillis used_at,
                                          base::WallMillis idle_millis,
                                          base::WallMillis most_millis) {
  const base::WallMillis end = used_at + idle_millis;
  return database_.Change(
      "UPDATE sessions SET expires_at = CASE WHEN created_at + ? < ? THEN created_at + ? ELSE ? "
      "END "
      "WHERE id = ? AND expires_at < ? AND expires_at < created_at + ?",
      most_millis, end, most_millis, end, id, end - idle_millis / 4, most_millis);
}

Result<void> Users::DeleteSession(std::int64_t id) {
  return database_.Run("DELETE FROM sessions WHERE id = ?", id);
}

Result<void> Users::DeleteSessionsOf(std::int64_t user) {
  return database_.Run("DELETE FROM sessions WHERE user_id = ?", user);
}

Result<void> Users::DeleteOldSessions(std::int64_t user, std::int64_t kept) {
  return database_.Run(
      "DELETE FROM sessions WHERE user_id = ? AND id NOT IN "
      "(SELECT id FROM sessions WHERE user_id = ? ORDER BY id DESC LIMIT ?)",
      user, user, kept);
}

Result<void> Users::DeleteEnded(base::WallMillis now) {
  return database_.Run("DELETE FROM sessions WHERE expires_at <= ?", now).and_then([&] {
    return database_.Run("DELETE FROM invitations WHERE expires_at <= ?", now);
  });
}

Result<void> Users::PutInvitation(std::int64_t user, const std::string& hash,
                                  base::WallMillis expires_at) {
  return DeleteInvitation(user).and_then([&] {
    return database_.Run("INSERT INTO invitations (user_id, hash, expires_at) VALUES (?, ?, ?)",
                         user, hash, expires_at);
  });
}

Result<std::string> Users::Invited(const std::string& hash, base::WallMillis now) {
  std::string name;
  auto read = database_.Each(
      "SELECT name FROM users JOIN invitations ON user_id = id WHERE hash = ? AND expires_at > ?",
      [&](const Row& row) { name = row.Text(0); }, hash, now);
  if (!read) return Fail(read.error());
  if (!name.empty()) return name;
  return Fail(Error::NotFound("token", "is not known: it was used, replaced, or has ended"));
}

Result<void> Users::DeleteInvitation(std::int64_t user) {
  return database_.Run("DELETE FROM invitations WHERE user_id = ?", user);
}

}  // namespace pennon::store
