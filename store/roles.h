// What somebody may do with the API: one role everywhere, or another in single environments.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pennon::store {

/// Each may also do what those before it may.
enum class Role : std::uint8_t { kNone, kViewer, kEditor, kAdmin };
std::string_view Name(Role role);  // "none", "viewer", "editor", "admin"
std::optional<Role> ParseRole(std::string_view text);

struct Roles {
  Role everywhere = Role::kNone;
  std::map<std::string, Role> environments = {};  // in the place of the other

  [[nodiscard]] Role In(const std::string& environment) const;
  /// What it is in every environment, and so what it is for things that all of them share.
  [[nodiscard]] Role Least() const;
  /// What it is in some environment, and so what it may read of things that all of them share.
  [[nodiscard]] Role Most() const;
  bool operator==(const Roles& other) const {
    return everywhere == other.everywhere && environments == other.environments;
  }
};

}  // namespace pennon::store
