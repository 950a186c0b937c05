// The two clocks of the system as a seam, so that nothing else reads time by itself.
#pragma once

#include <cstdint>

namespace pennon::base {

/// Milliseconds since 1970-01-01T00:00:00Z, by the host's wall clock. It may jump.
using WallMillis = std::int64_t;
/// Milliseconds of a clock that never jumps and has no epoch. For ages and deadlines.
using SteadyMillis = std::int64_t;

/// Safe to use from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallMillis Wall() const = 0;
  [[nodiscard]] virtual SteadyMillis Steady() const = 0;
};

/// The clock of this host.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallMillis Wall() const override;
  [[nodiscard]] SteadyMillis Steady() const override;
};

/// The same as of the kernel's last tick, 1 to 10 ms ago, for a fifth of the cost: for what is read
/// with every request.
class CoarseClock final : public Clock {
 public:
  [[nodiscard]] WallMillis Wall() const override;
  [[nodiscard]] SteadyMillis Steady() const override;
};

}  // namespace pennon::base
