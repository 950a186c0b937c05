#include "store/credentials.h"

#include <strings.h>

#include <algorithm>
#include <unordered_map>

#include "base/digest.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;

constexpr std::string_view kScheme = "Bearer ";
constexpr std::size_t kMaxSecretBytes = 200;

std::string_view PresentedToken(const net::HttpRequest& request) {
  const std::string_view authorization = request.Header("Authorization");
  if (authorization.size() > kScheme.size() &&
      ::strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) == 0) {
    return authorization.substr(authorization.find_last_of(' ') + 1);
  }
  return authorization.empty() ? request.Header("X-API-Key") : std::string_view();
}

// "a=1; __Host-pennon=…; b=2"
std::string_view PresentedSession(const net::HttpRequest& request) {
  std::string_view rest = request.Header("Cookie");
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    const std::string_view cookie = one.substr(std::min(one.find_first_not_of(' '), one.size()));
    if (cookie.starts_with(kSessionCookie) &&
        cookie.substr(kSessionCookie.size()).starts_with('=')) {
      return cookie.substr(kSessionCookie.size() + 1);
    }
  }
  return {};
}

Role RoleOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kAdmin:
      return Role::kAdmin;
    case TokenKind::kEditor:
      return Role::kEditor;
    case TokenKind::kViewer:
      return Role::kViewer;
    case TokenKind::kRead:
    case TokenKind::kClient:
    case TokenKind::kSync:
      break;
  }
  return Role::kNone;
}

}  // namespace

std::string Grant::Actor() const {
  return user.empty() ? "token:" + std::to_string(id) : "user:" + user;
}

Grant GrantOf(const TokenRecord& token) {
  Grant grant;
  grant.id = token.id;
  grant.kind = token.kind;
  grant.expires_at = token.expires_at;
  if (!IsForApi(token.kind)) {
    grant.environment = token.environment.value_or("");
  } else if (token.environment) {
    grant.roles.environments.emplace(*token.environment, RoleOf(token.kind));
  } else {
    grant.roles.everywhere = RoleOf(token.kind);
  }
  return grant;
}

Credentials::Credentials(const std::vector<TokenRecord>& tokens,
                         const std::vector<UserRecord>& users,
                         const std::vector<SessionRecord>& sessions) {
  for (const TokenRecord& token : tokens) by_hash_.emplace(token.hash, GrantOf(token));
  for (const UserRecord& user : users) passwords_.emplace(user.name, user.password);
  std::unordered_map<std::int64_t, const UserRecord*> by_id;
  for (const UserRecord& user : users) by_id.emplace(user.id, &user);
  for (const SessionRecord& session : sessions) {
    const auto user = by_id.find(session.user);
    if (user == by_id.end()) continue;
    by_hash_.emplace(session.hash, Grant{session.id, std::nullopt, "", user->second->roles,
                                         user->second->name, session.expires_at});
  }
}

base::Result<Grant> Credentials::Identify(const net::HttpRequest& request,
                                          base::WallMillis now) const {
  const std::string_view token = PresentedToken(request);
  const std::string_view secret = token.empty() ? PresentedSession(request) : token;
  if (secret.empty()) {
    return Fail(
        Error::Unauthenticated("Authorization", "is missing, expected \"Bearer\" and a token"));
  }
  const auto found =
      secret.size() > kMaxSecretBytes ? by_hash_.end() : by_hash_.find(base::Sha256Hex(secret));
  const bool is_session = token.empty();
  if (found == by_hash_.end() || found->second.kind.has_value() == is_session) {
    return Fail(is_session
                    ? Error::Unauthenticated("Cookie", "this session has ended; sign in")
                    : Error::Unauthenticated("Authorization",
                                             "this token is not known; it may have been deleted"));
  }
  if (found->second.expires_at && *found->second.expires_at <= now) {
    return Fail(is_session ? Error::Unauthenticated("Cookie", "this session has ended; sign in")
                           : Error::Unauthenticated("Authorization", "this token has expired"));
  }
  return found->second;
}

std::string Credentials::HashOf(const net::HttpRequest& request) {
  const std::string_view token = PresentedToken(request);
  return base::Sha256Hex(token.empty() ? PresentedSession(request) : token);
}

const Grant* Credentials::Find(std::string_view hash, base::WallMillis now) const {
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end()) return nullptr;
  const Grant& grant = found->second;
  return grant.expires_at && *grant.expires_at <= now ? nullptr : &grant;
}

std::string Credentials::PasswordOf(std::string_view user) const {
  const auto found = passwords_.find(user);
  return found == passwords_.end() ? std::string() : found->second;
}

}  // namespace pennon::store
