// Who a presented token is: looked up by its hash in memory, so that a request never waits for the
// database to learn that it is refused.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text_hash.h"
#include "net/http_message.h"
#include "store/tokens.h"

namespace pennon::store {

struct Grant {
  std::int64_t token = 0;
  TokenKind kind = TokenKind::kRead;
  std::string environment;  // "": all of them
  std::optional<base::WallMillis> expires_at;
};

/// All tokens at one moment. Immutable; safe to read from any thread.
class Credentials {
 public:
  explicit Credentials(const std::vector<TokenRecord>& tokens);

  /// Who sent the request: `Authorization: Bearer …` or, as OpenFeature providers send it,
  /// `X-API-Key: …`. kUnauthenticated when there is no token or one that is not known. The hash
  /// is what is compared, so the time tells nothing about the token.
  [[nodiscard]] base::Result<Grant> Identify(const net::HttpRequest& request,
                                             base::WallMillis now) const;

 private:
  base::TextMap<std::string, Grant> by_hash_;
};

}  // namespace pennon::store
