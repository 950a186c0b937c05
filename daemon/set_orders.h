// The orders about flag sets, given to the environment that they name.
#pragma once

#include <string>
#include <string_view>

#include "daemon/environment.h"
#include "daemon/orders.h"

namespace pennon::daemon {

/// Confined to the control thread. Borrows the environment.
class SetOrders final : public FlagSetOrders {
 public:
  SetOrders(std::string name, Environment& environment)
      : name_(std::move(name)), environment_(environment) {}

  base::Result<std::string> Generations(std::string_view environment) override;
  base::Result<std::string> Rollback(std::string_view environment,
                                     std::string_view generation) override;
  base::Result<std::string> Pin(std::string_view environment, std::string_view generation) override;
  base::Result<std::string> Unpin(std::string_view environment) override;
  base::Result<std::string> Accept(std::string_view environment,
                                   std::string_view revision) override;

 private:
  /// kNotFound unless it is the name of the environment, or "".
  [[nodiscard]] base::Result<void> Check(std::string_view environment) const;

  const std::string name_;
  Environment& environment_;
};

}  // namespace pennon::daemon
