#include "store/access.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;

Role RoleOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kAdmin:
      return Role::kAdmin;
    case TokenKind::kEditor:
      return Role::kEditor;
    case TokenKind::kViewer:
      return Role::kViewer;
    case TokenKind::kRead:
    case TokenKind::kSync:
      break;
  }
  return Role::kNone;
}

std::string_view Name(Role role) {
  switch (role) {
    case Role::kAdmin:
      return "an admin token";
    case Role::kEditor:
      return "the token of an editor";
    case Role::kViewer:
    case Role::kNone:
      break;
  }
  return "a token for the API";
}

bool IsInside(const std::string& environment, const Route& route,
              const std::vector<std::string>& names) {
  if (route.pattern.starts_with("/api/v1/environments/{environment}")) {
    return names[0] == environment;
  }
  return !route.Changes() && route.pattern.starts_with("/api/v1/flags");
}

}  // namespace

base::Result<void> CheckAccess(const Grant& grant, const Route& route,
                               const std::vector<std::string>& names) {
  if (RoleOf(grant.kind) < route.LeastRole()) {
    return Fail(Error::Forbidden("Authorization", "this token may not do that; expected " +
                                                      std::string(Name(route.LeastRole()))));
  }
  if (!grant.environment.empty() && !IsInside(grant.environment, route, names)) {
    return Fail(Error::Forbidden("Authorization",
                                 "this token is for the environment \"" + grant.environment + '"'));
  }
  return {};
}

}  // namespace pennon::store
