#include "store/credentials.h"

#include <strings.h>

#include "base/digest.h"

namespace pennon::store {
namespace {

constexpr std::string_view kScheme = "Bearer ";
constexpr std::size_t kMaxTokenBytes = 200;

std::string_view PresentedToken(const net::HttpRequest& request) {
  const std::string_view authorization = request.Header("Authorization");
  if (authorization.size() > kScheme.size() &&
      ::strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) == 0) {
    return authorization.substr(authorization.find_last_of(' ') + 1);
  }
  return authorization.empty() ? request.Header("X-API-Key") : std::string_view();
}

}  // namespace

Credentials::Credentials(const std::vector<TokenRecord>& tokens) {
  for (const TokenRecord& token : tokens) {
    by_hash_.emplace(token.hash,
                     Grant{token.id, token.kind, token.environment.value_or(""), token.expires_at});
  }
}

base::Result<Grant> Credentials::Identify(const net::HttpRequest& request,
                                          base::WallMillis now) const {
  const std::string_view token = PresentedToken(request);
  if (token.empty()) {
    return base::Fail(base::Error::Unauthenticated("Authorization",
                                                   "is missing, expected \"Bearer\" and a token"));
  }
  const auto found =
      token.size() > kMaxTokenBytes ? by_hash_.end() : by_hash_.find(base::Sha256Hex(token));
  if (found == by_hash_.end()) {
    return base::Fail(base::Error::Unauthenticated(
        "Authorization", "this token is not known; it may have been deleted"));
  }
  if (found->second.expires_at && *found->second.expires_at <= now) {
    return base::Fail(base::Error::Unauthenticated("Authorization", "this token has expired"));
  }
  return found->second;
}

}  // namespace pennon::store
