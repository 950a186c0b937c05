// How often somebody may do something: a bucket of permits for each of them, which fills up again.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/text_hash.h"

namespace pennon::store {

/// Callers that are remembered; when there are more, those are forgotten that have all permits or,
/// when there are none of these, the most.
inline constexpr std::size_t kMaxLimitedCallers = 20'000;

/// Safe from any thread.
class RateLimiter {
 public:
  /// `burst` at once, then one each `interval_millis`. 0 permits: nothing is limited.
  RateLimiter(std::int64_t burst, std::int64_t interval_millis)
      : burst_(burst), interval_millis_(interval_millis) {}
  /// `per_second` on average, twice as many at once; 0: nothing is limited.
  explicit RateLimiter(std::int64_t per_second) { SetRate(per_second); }
  void SetRate(std::int64_t per_second);

  /// Takes a permit of `caller`; none when there was one, else the milliseconds until there is.
  std::optional<std::int64_t> Take(std::string_view caller, base::SteadyMillis now);

 private:
  void Forget(base::SteadyMillis now);

  std::mutex mutex_;
  std::int64_t burst_ = 0;
  std::int64_t interval_millis_ = 0;
  // When the bucket will be full again: full when that is past, empty when `burst` intervals ahead.
  base::TextMap<std::string, base::SteadyMillis> full_at_;
};

}  // namespace pennon::store
