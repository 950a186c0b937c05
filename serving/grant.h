// What a caller may do, decided once for each connection.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pennon::serving {

struct Grant {
  bool every_environment = true;
  std::vector<std::string> environments;  // when not every one
  bool may_order = false;                 // orders of operators: rollback, accept, …
  std::uint32_t uid = 0;                  // who orders, for the log

  [[nodiscard]] bool MayUse(std::string_view environment) const {
    return every_environment ||
           std::find(environments.begin(), environments.end(), environment) != environments.end();
  }
  /// Of others it is told nothing.
  [[nodiscard]] bool MaySee(std::string_view environment) const {
    return may_order || MayUse(environment);
  }
  /// There is nothing for this caller here.
  [[nodiscard]] bool IsEmpty() const {
    return !every_environment && environments.empty() && !may_order;
  }
};

}  // namespace pennon::serving
