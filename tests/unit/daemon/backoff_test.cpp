#include "daemon/backoff.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <set>

namespace pennon::daemon {

TEST_CASE("polls are spread a tenth around the interval") {
  Backoff backoff(1000, 60'000);
  std::set<std::int64_t> pauses;
  for (int i = 0; i < 200; ++i) {
    const std::int64_t pause = backoff.AfterSuccess();
    CHECK(pause >= 900);
    CHECK(pause <= 1100);
    pauses.insert(pause);
  }
  CHECK(pauses.size() > 20);
}

TEST_CASE("retries double their bound up to the maximum, for ever, and recover step by step") {
  Backoff backoff(1000, 5'000);
  std::int64_t bound = 100;
  for (int i = 0; i < 100; ++i) {
    const std::int64_t pause = backoff.AfterFailure(0);
    CHECK(pause >= 100);
    CHECK(pause <= bound);
    bound = std::min<std::int64_t>(bound * 2, 5'000);
  }
  CHECK(backoff.failures() == 100);
  for (int left = 50; left > 0; left /= 2) {
    backoff.AfterSuccess();
    CHECK(backoff.failures() == static_cast<std::uint32_t>(left));
  }
  backoff.AfterSuccess();
  CHECK(backoff.AfterFailure(0) == 100);
}

TEST_CASE("what the upstream asks for is honoured within reason") {
  Backoff backoff(1000, 5'000);
  for (int i = 0; i < 50; ++i) {
    const std::int64_t pause = backoff.AfterFailure(30'000);
    CHECK(pause >= 30'000);
    CHECK(pause <= 33'000);
    CHECK(backoff.AfterFailure(INT64_MAX) <= 660'000);
  }
  CHECK(backoff.AfterFailure(-5) >= 100);
}

TEST_CASE("a refusal is asked about again rarely, but is") {
  Backoff backoff(1000, 3'600'000);
  for (int i = 0; i < 50; ++i) {
    const std::int64_t pause = backoff.AfterRefusal();
    CHECK(pause >= 150'000);
    CHECK(pause <= 300'000);
  }
}

TEST_CASE("two processes do not draw the same pauses") {
  Backoff first(1'000'000, 5'000);
  Backoff second(1'000'000, 5'000);
  int equal = 0;
  for (int i = 0; i < 20; ++i) equal += first.AfterSuccess() == second.AfterSuccess() ? 1 : 0;
  CHECK(equal < 5);
}

}  // namespace pennon::daemon
