#include "daemon/flag_set_orders.h"

namespace pennon::daemon {

using base::Error;
using base::Fail;
using base::Result;

Result<EnvironmentSync*> EnvironmentOrders::Find(std::string_view environment) const {
  if (environment.empty() && environments_.size() > 1) {
    return Fail(Error::Invalid("environment", "several are served here; name the one you mean"));
  }
  for (const auto& one : environments_) {
    if (environment.empty() || one->config().environment == environment) return one.get();
  }
  return Fail(Error::NotFound("environment",
                              "there is no environment \"" + std::string(environment) + "\" here"));
}

Result<std::string> EnvironmentOrders::Generations(std::string_view environment) {
  return Find(environment).and_then([](auto* one) { return one->environment().Generations(); });
}
Result<std::string> EnvironmentOrders::Rollback(std::string_view environment,
                                                std::string_view generation) {
  return Find(environment).and_then([&](auto* one) {
    return one->environment().Rollback(generation);
  });
}
Result<std::string> EnvironmentOrders::Pin(std::string_view environment,
                                           std::string_view generation) {
  return Find(environment).and_then([&](auto* one) { return one->environment().Pin(generation); });
}
Result<std::string> EnvironmentOrders::Unpin(std::string_view environment) {
  return Find(environment).and_then([](auto* one) { return one->environment().Unpin(); });
}
Result<std::string> EnvironmentOrders::Accept(std::string_view environment,
                                              std::string_view revision) {
  return Find(environment).and_then([&](auto* one) {
    auto accepted = one->environment().Accept(revision);
    // Or the status says until the next attempt, a minute perhaps, that the set is held back.
    if (accepted) one->FetchNow();
    return accepted;
  });
}

}  // namespace pennon::daemon
