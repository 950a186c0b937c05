// Who sent a request: tokens and sessions looked up by their hash in memory, so that a request
// never waits for the database to learn that it is refused.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text_hash.h"
#include "net/http_message.h"
#include "store/roles.h"
#include "store/tokens.h"
#include "store/users.h"

namespace pennon::store {

/// The cookie of a session. The prefix keeps a browser from taking it from another host or path.
inline constexpr std::string_view kSessionCookie = "__Host-pennon";

struct Grant {
  std::int64_t id = 0;            // of the token or the session
  std::optional<TokenKind> kind;  // none: a session
  std::string environment;        // that a key is for; "" for the API
  Roles roles;                    // in the API
  std::string user;               // who has signed in; "" for a token
  std::optional<base::WallMillis> expires_at;

  /// For the audit log: "token:3", "user:ann".
  [[nodiscard]] std::string Actor() const;
};
Grant GrantOf(const TokenRecord& token);

/// All tokens, users and sessions at one moment. Immutable; safe to read from any thread.
class Credentials {
 public:
  explicit Credentials(const std::vector<TokenRecord>& tokens,
                       const std::vector<UserRecord>& users = {},
                       const std::vector<SessionRecord>& sessions = {});

  /// Who sent the request: `Authorization: Bearer …`, `X-API-Key: …` as OpenFeature providers send
  /// it, or the cookie of a session. kUnauthenticated when there is nothing of that, or nothing
  /// that is known. The hash is what is compared, so the time tells nothing about the secret.
  [[nodiscard]] base::Result<Grant> Identify(const net::HttpRequest& request,
                                             base::WallMillis now) const;

  /// Of the token or the session that a request brings, whether it is known or not.
  static std::string HashOf(const net::HttpRequest& request);
  /// Who that is; null when it is not known, or has ended.
  [[nodiscard]] const Grant* Find(std::string_view hash, base::WallMillis now) const;

  /// The hash of a user's password; "" when there is none, or no such user.
  [[nodiscard]] std::string PasswordOf(std::string_view user) const;

 private:
  base::TextMap<std::string, Grant> by_hash_;
  base::TextMap<std::string, std::string> passwords_;
};

}  // namespace pennon::store
