#include "daemon/watchdog.h"

#include <algorithm>

namespace pennon::daemon {

void Watchdog::Ask() {
  *missing_ = pool_.size();
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    pool_.Post(
        i, [&control = control_, missing = missing_] { control.Post([missing] { --*missing; }); });
  }
  timer_ = control_.After(std::max<std::int64_t>(period_millis_ / 4, 1), [this] { OnTimer(); });
}

// Who has not answered is not asked again: its queue must not grow while it hangs.
void Watchdog::OnTimer() {
  if (*missing_ == 0) {
    alive_();
    return Ask();
  }
  timer_ = control_.After(std::max<std::int64_t>(period_millis_ / 4, 1), [this] { OnTimer(); });
}

}  // namespace pennon::daemon
