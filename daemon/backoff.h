// How long to wait before asking again: full jitter, so that a fleet spreads out by itself.
#pragma once

#include <cstdint>
#include <random>

namespace pennon::daemon {

/// Pauses in milliseconds. Seeded from the kernel: no two processes draw the same numbers.
/// Confined to one thread.
class Backoff {
 public:
  Backoff(std::int64_t interval_millis, std::int64_t max_millis);

  /// After a success: the interval, give or take a tenth. Failures are forgiven by halves, so that
  /// a link that flaps is not taken for a good one at once.
  std::int64_t AfterSuccess();
  /// After a failure: between the first retry's pause and a limit that doubles with each failure up
  /// to the maximum; never less than `at_least_millis` (what the upstream asked for, 10 minutes at
  /// most), and up to a tenth more than that.
  std::int64_t AfterFailure(std::int64_t at_least_millis);
  /// After a connection ended that others may have lost in the same moment: as after a failure, and
  /// up to a second more.
  std::int64_t AfterEnd(std::int64_t at_least_millis);
  /// After a refusal that asking soon will not change (401, 403, 404): 2.5 to 5 minutes, or the
  /// maximum when that is shorter.
  std::int64_t AfterRefusal();

  /// Between three quarters of `millis` and all of it: for what a fleet must not do in step.
  std::int64_t Spread(std::int64_t millis) { return Uniform(millis - millis / 4, millis); }
  /// Between 0 and `millis`.
  std::int64_t Draw(std::int64_t millis) { return Uniform(0, millis); }

  [[nodiscard]] std::uint32_t failures() const { return failures_; }

 private:
  std::int64_t Uniform(std::int64_t low, std::int64_t high);

  std::int64_t interval_;
  std::int64_t max_;
  std::uint32_t failures_ = 0;
  std::mt19937_64 random_;
};

}  // namespace pennon::daemon
