#include "base/clock.h"

#include <time.h>

namespace pennon::base {
namespace {

std::int64_t NowMillis(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000 + now.tv_nsec / 1'000'000;
}

}  // namespace

WallMillis SystemClock::Wall() const {
  return NowMillis(CLOCK_REALTIME);
}
SteadyMillis SystemClock::Steady() const {
  return NowMillis(CLOCK_MONOTONIC);
}

WallMillis CoarseClock::Wall() const {
  return NowMillis(CLOCK_REALTIME_COARSE);
}
SteadyMillis CoarseClock::Steady() const {
  return NowMillis(CLOCK_MONOTONIC_COARSE);
}

}  // namespace pennon::base
