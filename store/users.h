// People who sign in with a password, and their sessions, in the database. Of a session and of an
// invitation only the SHA-256 is kept, of a password what store/password.h makes of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "store/database.h"
#include "store/roles.h"

namespace pennon::store {

struct UserRecord {
  std::int64_t id = 0;
  std::string name;  // unique; what they sign in with
  Roles roles;
  std::string password;  // its hash; "": none yet, there is an invitation
  base::WallMillis created_at = 0;
  std::int64_t version = 0;
};

struct SessionRecord {
  std::int64_t id = 0;  // given by the table; never that of a token
  std::int64_t user = 0;
  std::string hash;
  base::WallMillis created_at = 0;
  base::WallMillis expires_at = 0;
};

/// kInvalid unless it is a name to sign in with: letters, digits and . _ @ + -
base::Result<void> CheckUserName(std::string_view where, std::string_view name);

/// Borrows the database; confined to its thread.
class Users {
 public:
  explicit Users(Database& database) : database_(database) {}

  /// In the order of their names.
  base::Result<std::vector<UserRecord>> All();
  /// kNotFound when there is none.
  base::Result<UserRecord> Get(const std::string& name);
  base::Result<void> Insert(const UserRecord& user);
  base::Result<void> Update(const UserRecord& user);
  base::Result<void> Delete(std::int64_t id);

  base::Result<std::vector<SessionRecord>> Sessions();
  base::Result<void> InsertSession(const SessionRecord& session);
  /// For a session that was used at `used_at`: it goes on for `idle_millis` from then, but not
  /// longer than `most_millis` in all. Returns how many changed: 0 when it was put off just now.
  base::Result<std::int64_t> ExtendSession(std::int64_t id, base::WallMillis used_at,
                                           base::WallMillis idle_millis,
                                           base::WallMillis most_millis);
  base::Result<void> DeleteSession(std::int64_t id);
  base::Result<void> DeleteSessionsOf(std::int64_t user);
  /// All but the `kept` newest of a user.
  base::Result<void> DeleteOldSessions(std::int64_t user, std::int64_t kept);
  base::Result<void> DeleteEnded(base::WallMillis now);

  /// Replaces the one that the user had.
  base::Result<void> PutInvitation(std::int64_t user, const std::string& hash,
                                   base::WallMillis expires_at);
  /// The name of who was invited; kNotFound when it is not known, was used or has ended.
  base::Result<std::string> Invited(const std::string& hash, base::WallMillis now);
  base::Result<void> DeleteInvitation(std::int64_t user);

 private:
  base::Result<void> PutRoles(const UserRecord& user);
  Database& database_;
};

}  // namespace pennon::store
