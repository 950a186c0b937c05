#include "store/tokens.h"

#include <algorithm>
#include <array>

#include "base/digest.h"

namespace pennon::store {
namespace {

constexpr std::array<std::string_view, 6> kKindNames{"admin", "editor", "viewer",
                                                     "read",  "client", "sync"};

TokenRecord FromRow(const Row& row) {
  TokenRecord token;
  token.id = row.Int(0);
  token.kind = ParseTokenKind(row.Text(1)).value_or(TokenKind::kRead);
  if (!row.IsNull(2)) token.environment = row.Text(2);
  token.name = row.Text(3);
  token.hash = row.Text(4);
  token.last4 = row.Text(5);
  token.created_at = row.Int(6);
  if (!row.IsNull(7)) token.expires_at = row.Int(7);
  if (!row.IsNull(8)) token.last_used_at = row.Int(8);
  return token;
}

constexpr std::size_t kTokenDigits = 64;

constexpr std::string_view kSelect =
    "SELECT id, kind, environment, name, hash, last4, created_at, expires_at, last_used_at "
    "FROM tokens";

}  // namespace

std::string_view Name(TokenKind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

std::optional<TokenKind> ParseTokenKind(std::string_view text) {
  const auto* found = std::find(kKindNames.begin(), kKindNames.end(), text);
  if (found == kKindNames.end()) return std::nullopt;
  return static_cast<TokenKind>(found - kKindNames.begin());
}

NewToken MakeToken(TokenKind kind, std::optional<std::string> environment, std::string name,
                   base::WallMillis now, std::optional<base::WallMillis> expires_at) {
  NewToken made;
  made.secret = base::RandomToken("pn_" + std::string(Name(kind)) + '_');
  made.record.kind = kind;
  made.record.environment = std::move(environment);
  made.record.name = std::move(name);
  made.record.hash = base::Sha256Hex(made.secret);
  made.record.last4 = made.secret.substr(made.secret.size() - 4);
  made.record.created_at = now;
  made.record.expires_at = expires_at;
  return made;
}

std::string WithoutTokens(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789abcdef"), text.size());
    shown += digits < kTokenDigits ? text.substr(0, digits) : "***";
    text.remove_prefix(digits);
    shown += text.substr(0, 1);
    text.remove_prefix(std::min<std::size_t>(text.size(), 1));
  }
  return shown;
}

base::Result<std::int64_t> Tokens::Version() {
  std::int64_t version = 0;
  auto read = database_.Each("SELECT token_version FROM meta",
                             [&](const Row& row) { version = row.Int(0); });
  return read.map([&] { return version; });
}

base::Result<std::int64_t> Tokens::RaiseVersion() {
  return database_.Run("UPDATE meta SET token_version = token_version + 1").and_then([&] {
    return Version();
  });
}

base::Result<std::vector<TokenRecord>> Tokens::All() {
  std::vector<TokenRecord> tokens;
  auto read = database_.Each(std::string(kSelect) + " ORDER BY id",
                             [&](const Row& row) { tokens.push_back(FromRow(row)); });
  if (!read) return base::Fail(read.error());
  return tokens;
}

base::Result<std::vector<TokenRecord>> Tokens::ForApi() {
  auto all = All();
  if (all) std::erase_if(*all, [](const TokenRecord& token) { return !IsForApi(token.kind); });
  return all;
}

base::Result<std::vector<TokenRecord>> Tokens::Of(const std::string& environment) {
  auto all = All();
  if (all) {
    std::erase_if(*all, [&](const TokenRecord& token) {
      return IsForApi(token.kind) || token.environment != environment;
    });
  }
  return all;
}

base::Result<std::int64_t> Tokens::Insert(const TokenRecord& token) {
  auto id = database_.NextId();
  if (!id) return id;
  auto done = database_.Run(
      "INSERT INTO tokens (id, kind, environment, name, hash, last4, created_at, expires_at) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      *id, Name(token.kind), token.environment, token.name, token.hash, token.last4,
      token.created_at, token.expires_at);
  return done.map([&] { return *id; });
}

base::Result<void> Tokens::SetExpiry(std::int64_t id, base::WallMillis expires_at) {
  return database_.Run("UPDATE tokens SET expires_at = ? WHERE id = ?", expires_at, id);
}

base::Result<void> Tokens::SetLastUse(std::int64_t id, base::WallMillis used_at) {
  return database_.Run("UPDATE tokens SET last_used_at = ? WHERE id = ?", used_at, id);
}

base::Result<void> Tokens::Delete(std::int64_t id) {
  return database_.Run("DELETE FROM tokens WHERE id = ?", id);
}

}  // namespace pennon::store
