#include "base/clock.h"

#include <chrono>

namespace pennon::base {
namespace {

template <typename C>
std::int64_t NowMillis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(C::now().time_since_epoch()).count();
}

}  // namespace

WallMillis SystemClock::Wall() const {
  return NowMillis<std::chrono::system_clock>();
}
SteadyMillis SystemClock::Steady() const {
  return NowMillis<std::chrono::steady_clock>();
}

}  // namespace pennon::base
