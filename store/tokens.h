// Tokens in the database: who may call what. A token is shown once, when it is made; only its
// SHA-256 is kept. 256 random bits need no slow hash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "store/database.h"

namespace pennon::store {

enum class TokenKind : std::uint8_t {
  kAdmin,   // the API: everything
  kEditor,  // the API: flags, configurations and segments
  kViewer,  // the API: reading
  kRead,    // evaluation in one environment: for services
  kClient,  // evaluation of what is for clients in one environment: no secret, in browsers and apps
  kSync,    // evaluation and the sync feed of one environment: for daemons
};
std::string_view Name(TokenKind kind);  // "admin", "editor", "viewer", "read", "client", "sync"
/// Whether it is for the API, in one environment or in all; the others are bound to one.
inline bool IsForApi(TokenKind kind) {
  return kind <= TokenKind::kViewer;
}
std::optional<TokenKind> ParseTokenKind(std::string_view text);

struct TokenRecord {
  std::int64_t id = 0;  // given by the table; never used twice
  TokenKind kind = TokenKind::kSync;
  std::optional<std::string> environment;  // none: all of them
  std::string name;
  std::string hash;   // SHA-256, hexadecimal
  std::string last4;  // of the token, so that people recognise it
  base::WallMillis created_at = 0;
  std::optional<base::WallMillis> expires_at;
  std::optional<base::WallMillis> last_used_at;  // to the minute
};

/// A new token and its record: `pn_sync_<64 hexadecimal digits>`.
struct NewToken {
  TokenRecord record;
  std::string secret;
};
NewToken MakeToken(TokenKind kind, std::optional<std::string> environment, std::string name,
                   base::WallMillis now, std::optional<base::WallMillis> expires_at = {});

/// `text` with `***` for what can be a token's digits: a path may have one where its id belongs.
std::string WithoutTokens(std::string_view text);

/// Borrows the database; confined to its thread.
class Tokens {
 public:
  explicit Tokens(Database& database) : database_(database) {}

  /// Grows with every change of the table.
  base::Result<std::int64_t> Version();
  base::Result<std::int64_t> RaiseVersion();

  base::Result<std::vector<TokenRecord>> All();
  /// Those for the API, or those of daemons and services that are bound to an environment.
  base::Result<std::vector<TokenRecord>> ForApi();
  base::Result<std::vector<TokenRecord>> Of(const std::string& environment);
  /// Returns the id that it gave.
  base::Result<std::int64_t> Insert(const TokenRecord& token);
  base::Result<void> SetExpiry(std::int64_t id, base::WallMillis expires_at);
  base::Result<void> SetLastUse(std::int64_t id, base::WallMillis used_at);
  base::Result<void> Delete(std::int64_t id);

 private:
  Database& database_;
};

}  // namespace pennon::store
