// The steps of a change that is about who may do what: tokens, users, sessions.
#pragma once

#include <optional>
#include <string>

#include "store/change.h"
#include "store/tokens.h"
#include "store/users.h"

namespace pennon::store {

inline constexpr base::WallMillis kInvitationMillis = 24 * 3'600'000LL;
/// A session ends when it was not used for this long, and at the latest after the other.
inline constexpr base::WallMillis kSessionIdleMillis = 2 * 3'600'000LL;
inline constexpr base::WallMillis kSessionMillis = 12 * 3'600'000LL;
/// Of one user; the oldest ends when there is one more.
inline constexpr std::int64_t kMaxSessions = 20;

/// Borrows the change that it is part of.
class AccessChange {
 public:
  explicit AccessChange(Change& change)
      : change_(change), tokens_(change.database()), users_(change.database()) {}

  base::Result<NewToken> CreateToken(TokenKind kind, std::optional<std::string> environment,
                                     const std::string& name,
                                     std::optional<base::WallMillis> expires_at = {});
  /// kNotFound when there is no such token among those for the API, or of the environment.
  base::Result<void> DeleteToken(const std::optional<std::string>& environment, std::int64_t id);
  /// A new token in the place of another, which goes on for `overlap_millis`.
  base::Result<NewToken> RotateToken(const std::optional<std::string>& environment, std::int64_t id,
                                     std::int64_t overlap_millis);

  /// kConflict when there is one of that name. Has no password yet.
  base::Result<void> CreateUser(const std::string& name, const Roles& roles);
  /// kConflict when nobody would be left who is an admin everywhere.
  base::Result<void> SetRoles(const std::string& name, const Roles& roles);
  base::Result<void> DeleteUser(const std::string& name);
  /// A secret with which the user sets a password, once, within a day; earlier ones end.
  base::Result<std::string> Invite(const std::string& name);
  /// Whose password the invitation is for; it is used up with that, and all sessions end.
  base::Result<std::string> Accept(const std::string& invitation, const std::string& hash);
  /// Ends the user's sessions.
  base::Result<void> SetPassword(const std::string& name, const std::string& hash);

  struct NewSession {
    std::string secret;
    base::WallMillis expires_at = 0;
  };
  base::Result<NewSession> BeginSession(const std::string& user);
  base::Result<void> EndSession(const std::string& user, std::int64_t id);

 private:
  base::Result<TokenRecord> FindToken(const std::optional<std::string>& environment,
                                      std::int64_t id);
  base::Result<void> CheckRoles(const Roles& roles);
  base::Result<void> CheckAdminIsLeft();
  base::Result<void> Note(const UserRecord& user, std::string_view what);

  Change& change_;
  Tokens tokens_;
  Users users_;
};

}  // namespace pennon::store
