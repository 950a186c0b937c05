// Time that stands still until a test moves it.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace pennon::test {

/// Both clocks at once.
class TestClock final : public base::Clock {
 public:
  [[nodiscard]] base::WallMillis Wall() const override { return now; }
  [[nodiscard]] base::SteadyMillis Steady() const override { return now; }
  std::int64_t now = 1'000'000;
};

}  // namespace pennon::test
