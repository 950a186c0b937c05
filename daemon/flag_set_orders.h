// Orders about flag sets, handed to the environment that they name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/environment_sync.h"
#include "daemon/orders.h"

namespace pennon::daemon {

/// Confined to the control thread; borrows the environments.
class EnvironmentOrders final : public FlagSetOrders {
 public:
  explicit EnvironmentOrders(const std::vector<std::unique_ptr<EnvironmentSync>>& environments)
      : environments_(environments) {}

  base::Result<std::string> Generations(std::string_view environment) override;
  base::Result<std::string> Rollback(std::string_view environment,
                                     std::string_view generation) override;
  base::Result<std::string> Pin(std::string_view environment, std::string_view generation) override;
  base::Result<std::string> Unpin(std::string_view environment) override;
  base::Result<std::string> Accept(std::string_view environment,
                                   std::string_view revision) override;

 private:
  [[nodiscard]] base::Result<EnvironmentSync*> Find(std::string_view environment) const;

  const std::vector<std::unique_ptr<EnvironmentSync>>& environments_;
};

}  // namespace pennon::daemon
