#include "daemon/orders.h"

namespace pennon::daemon {

using base::Error;
using base::Fail;
using base::Result;

Result<std::string> Orders::Run(const serving::Order& order) {
  auto done = Dispatch(order);
  const auto uid = std::uint64_t{order.uid};
  if (done) {
    log_.Info("order carried out", {{"verb", order.verb}, {"uid", uid}});
  } else {
    log_.Warn("order refused",
              {{"verb", order.verb}, {"uid", uid}, {"reason", done.error().Message()}});
  }
  return done;
}

Result<std::string> Orders::Dispatch(const serving::Order& order) {
  if (order.verb == "status") return status_();
  if (order.verb == "reload") return reload_();
  const bool is_known = order.verb == "generations" || order.verb == "rollback" ||
                        order.verb == "pin" || order.verb == "unpin" || order.verb == "accept";
  if (!is_known) {
    return Fail(Error::Invalid("order",
                               "is not known; known are status, reload, generations, "
                               "rollback, pin, unpin and accept"));
  }
  if (flag_sets_ == nullptr) {
    return Fail(Error::Unavailable(order.verb, "this daemon cannot do that yet"));
  }
  if (order.verb == "generations") return flag_sets_->Generations(order.environment);
  if (order.verb == "rollback") return flag_sets_->Rollback(order.environment, order.argument);
  if (order.verb == "pin") return flag_sets_->Pin(order.environment, order.argument);
  if (order.verb == "unpin") return flag_sets_->Unpin(order.environment);
  return flag_sets_->Accept(order.environment, order.argument);
}

}  // namespace pennon::daemon
