#include "store/access.h"

namespace pennon::store {
namespace {

using base::Error;

struct Needed {
  Role has = Role::kNone;
  std::string where;  // of the role that is needed
};

Needed RoleFor(const Roles& roles, const Route& route, const std::vector<std::string>& names) {
  if (route.pattern.starts_with("/api/v1/environments/{environment}")) {
    return {roles.In(names[0]), "in the environment \"" + names[0] + '"'};
  }
  const bool is_shared =
      route.pattern.starts_with("/api/v1/flags") || route.pattern == "/api/v1/environments";
  if (is_shared && !route.Changes()) return {roles.Most(), "in an environment"};
  return {roles.Least(), "in every environment"};
}

}  // namespace

base::Result<void> CheckAccess(const Grant& grant, const Route& route,
                               const std::vector<std::string>& names) {
  const Needed needed = RoleFor(grant.roles, route, names);
  if (needed.has >= route.LeastRole()) return {};
  return base::Fail(Error::Forbidden(
      "Authorization", (grant.user.empty() ? "this token" : "you, " + grant.user + ',') +
                           " may not do that; expected the role " +
                           std::string(Name(route.LeastRole())) + ' ' + needed.where));
}

bool MaySee(const Roles& roles, const Subject& subject) {
  if (subject.environment) return roles.In(*subject.environment) >= Role::kViewer;
  return (subject.kind == "flag" ? roles.Most() : roles.Least()) >= Role::kViewer;
}

}  // namespace pennon::store
