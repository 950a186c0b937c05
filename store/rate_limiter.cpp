#include "store/rate_limiter.h"

#include <algorithm>
#include <vector>

namespace pennon::store {

void RateLimiter::SetRate(std::int64_t per_second) {
  const std::lock_guard lock(mutex_);
  burst_ = 2 * per_second;
  interval_millis_ = per_second == 0 ? 0 : 1000 / per_second;
}

std::optional<std::int64_t> RateLimiter::Take(std::string_view caller, base::SteadyMillis now) {
  const std::lock_guard lock(mutex_);
  if (burst_ == 0) return std::nullopt;
  auto found = full_at_.find(caller);
  if (found == full_at_.end()) {
    if (full_at_.size() >= kMaxLimitedCallers) Forget(now);
    found = full_at_.emplace(std::string(caller), now).first;
  }
  const base::SteadyMillis full_at = std::max(found->second, now) + interval_millis_;
  const std::int64_t wait = full_at - now - burst_ * interval_millis_;
  if (wait > 0) return wait;
  found->second = full_at;
  return std::nullopt;
}

// Somebody who has all permits is as somebody new. When nobody has, those go that have the most:
// who has none left must not get new ones by sending others.
void RateLimiter::Forget(base::SteadyMillis now) {
  std::erase_if(full_at_, [now](const auto& entry) { return entry.second <= now; });
  if (full_at_.size() < kMaxLimitedCallers) return;
  std::vector<base::SteadyMillis> times;
  times.reserve(full_at_.size());
  for (const auto& [caller, full_at] : full_at_) times.push_back(full_at);
  constexpr std::size_t kForgotten = kMaxLimitedCallers / 8;
  const auto last = times.begin() + kForgotten;
  std::nth_element(times.begin(), last, times.end());
  std::size_t forgotten = 0;
  std::erase_if(full_at_, [&](const auto& entry) {
    return entry.second <= *last && forgotten++ < kForgotten;
  });
}

}  // namespace pennon::store
