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
  kAdmin,  // everything, in all environments
  kRead,   // evaluation in one environment
  kSync,   // evaluation and the sync feed of one environment: for daemons
};
std::string_view Name(TokenKind kind);  // "admin", "read", "sync"
std::optional<TokenKind> ParseTokenKind(std::string_view text);

struct TokenRecord {
  std::int64_t id = 0;  // given by the table; never used twice
  TokenKind kind = TokenKind::kSync;
  std::optional<std::string> environment;  // none for admin tokens
  std::string name;
  std::string hash;   // SHA-256, hexadecimal
  std::string last4;  // of the token, so that people recognise it
  base::WallMillis created_at = 0;
};

/// A new token and its record: `pn_sync_<64 hexadecimal digits>`.
struct NewToken {
  TokenRecord record;
  std::string secret;
};
NewToken MakeToken(TokenKind kind, std::optional<std::string> environment, std::string name,
                   base::WallMillis now);

/// Borrows the database; confined to its thread.
class Tokens {
 public:
  explicit Tokens(Database& database) : database_(database) {}

  /// Grows with every change of the table.
  base::Result<std::int64_t> Version();
  base::Result<std::int64_t> RaiseVersion();

  base::Result<std::vector<TokenRecord>> All();
  base::Result<std::vector<TokenRecord>> Of(const std::string& environment);
  /// Returns the id that the table gave.
  base::Result<std::int64_t> Insert(const TokenRecord& token);
  base::Result<void> Delete(std::int64_t id);

 private:
  Database& database_;
};

}  // namespace pennon::store
