#include "daemon/set_orders.h"

namespace pennon::daemon {

base::Result<void> SetOrders::Check(std::string_view environment) const {
  if (environment.empty() || environment == name_) return {};
  return base::Fail(base::Error::NotFound(
      "environment", "is \"" + std::string(environment) + "\", this daemon has \"" + name_ + '"'));
}

base::Result<std::string> SetOrders::Generations(std::string_view environment) {
  return Check(environment).and_then([&] { return environment_.Generations(); });
}

base::Result<std::string> SetOrders::Rollback(std::string_view environment,
                                              std::string_view generation) {
  return Check(environment).and_then([&] { return environment_.Rollback(generation); });
}

base::Result<std::string> SetOrders::Pin(std::string_view environment,
                                         std::string_view generation) {
  return Check(environment).and_then([&] { return environment_.Pin(generation); });
}

base::Result<std::string> SetOrders::Unpin(std::string_view environment) {
  return Check(environment).and_then([&] { return environment_.Unpin(); });
}

base::Result<std::string> SetOrders::Accept(std::string_view environment,
                                            std::string_view revision) {
  return Check(environment).and_then([&] { return environment_.Accept(revision); });
}

}  // namespace pennon::daemon
