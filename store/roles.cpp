#include "store/roles.h"

#include <algorithm>
#include <array>

namespace pennon::store {
namespace {

constexpr std::array<std::string_view, 4> kNames{"none", "viewer", "editor", "admin"};

}  // namespace

std::string_view Name(Role role) {
  return kNames[static_cast<std::size_t>(role)];
}

std::optional<Role> ParseRole(std::string_view text) {
  const auto* found = std::find(kNames.begin(), kNames.end(), text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Role>(found - kNames.begin());
}

Role Roles::In(const std::string& environment) const {
  const auto own = environments.find(environment);
  return own == environments.end() ? everywhere : own->second;
}

Role Roles::Least() const {
  Role least = everywhere;
  for (const auto& [environment, role] : environments) least = std::min(least, role);
  return least;
}

Role Roles::Most() const {
  Role most = everywhere;
  for (const auto& [environment, role] : environments) most = std::max(most, role);
  return most;
}

}  // namespace pennon::store
