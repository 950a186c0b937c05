// Ten thousand daemons that lose their store in one moment and find it again, in virtual time: each
// with the pauses of its own, in the order in which sync_loop.cpp and sync_stream.cpp draw them.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <queue>
#include <utility>
#include <vector>

#include "daemon/backoff.h"
#include "daemon/daemon_config.h"

namespace pennon::daemon {
namespace {

constexpr std::int64_t kSecond = 1'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::size_t kDaemons = 10'000;

/// One daemon after its stream has ended at 0, while nothing answers.
class Lost {
 public:
  explicit Lost(const DaemonConfig& config)
      : poll_(config.poll_interval.millis, config.retry_max.millis),
        stream_(config.poll_interval.millis, config.retry_max.millis),
        next_poll_(poll_.Draw(config.poll_interval.millis)),
        next_stream_(stream_.AfterEnd(0)) {}

  /// When it asks next.
  [[nodiscard]] std::int64_t next() const {
    return is_held_ ? next_poll_ : std::min(next_poll_, next_stream_);
  }
  /// What it asked for at that time is not answered, or refused with a wait.
  void Fail(std::int64_t asked_to_wait = 0) {
    if (next() == next_poll_) {
      next_poll_ += poll_.AfterFailure(asked_to_wait);
      is_held_ = true;  // the polls find out when to open the stream
    } else {
      next_stream_ += stream_.AfterEnd(asked_to_wait);
    }
  }

 private:
  Backoff poll_;
  Backoff stream_;
  std::int64_t next_poll_;
  std::int64_t next_stream_;
  bool is_held_ = false;
};

}  // namespace

TEST_CASE("of 10000 daemons that lost the store at once, at most 5 % come back in any second") {
  const DaemonConfig config;
  for (const std::int64_t outage : {kMinute, 5 * kMinute, 30 * kMinute}) {
    CAPTURE(outage);
    std::vector<std::size_t> arrivals(static_cast<std::size_t>(config.retry_max.millis / kSecond) +
                                      1);
    std::size_t asked = 0;  // in the last minute of the outage
    for (std::size_t i = 0; i < kDaemons; ++i) {
      Lost daemon(config);
      for (; daemon.next() < outage; daemon.Fail()) asked += daemon.next() > outage - kMinute;
      ++arrivals.at(static_cast<std::size_t>((daemon.next() - outage) / kSecond));
    }
    const std::size_t most = *std::max_element(arrivals.begin(), arrivals.end());
    MESSAGE("after ", outage / kMinute, " minutes, in one second at most ", most);
    CHECK(most <= kDaemons / 20);
    if (outage == kMinute) continue;  // in which the pauses have grown
    // Fewer than the polls of as many daemons whose store answers.
    const auto polls = static_cast<std::size_t>(kMinute / config.poll_interval.millis);
    CHECK(asked < kDaemons * polls);
  }
}

TEST_CASE("a store that comes back with a tenth of its strength has all daemons back in the end") {
  const DaemonConfig config;
  constexpr std::int64_t kOutage = 5 * kMinute;
  constexpr std::size_t kAnswersASecond = kDaemons / 100;
  using Next = std::pair<std::int64_t, std::size_t>;
  std::vector<Lost> daemons;
  std::priority_queue<Next, std::vector<Next>, std::greater<>> asking;
  for (std::size_t i = 0; i < kDaemons; ++i) {
    Lost& daemon = daemons.emplace_back(config);
    while (daemon.next() < kOutage) daemon.Fail();
    asking.emplace(daemon.next(), i);
  }
  std::int64_t second = 0;
  std::size_t answered = 0;  // in this second
  std::size_t idle = 0;      // seconds in which it could have answered more
  std::int64_t last = 0;
  while (!asking.empty()) {
    const auto [now, who] = asking.top();
    asking.pop();
    if (now / kSecond != second) {
      if (second != 0 && answered < kAnswersASecond) ++idle;
      second = now / kSecond;
      answered = 0;
    }
    last = now;
    if (answered++ < kAnswersASecond) continue;
    daemons[who].Fail(30 * kSecond);  // 503 with Retry-After
    asking.emplace(daemons[who].next(), who);
  }
  // A hundred seconds would do if nobody ever had to wait while there is room.
  CHECK(last - kOutage < 5 * kMinute);
  CHECK(idle < 120);
}

TEST_CASE("thirty days without a store are asked through at a bounded pace") {
  const DaemonConfig config;
  constexpr std::int64_t kMonth = 30 * 24 * 60 * kMinute;
  Lost daemon(config);
  std::int64_t asked = 0;
  for (std::int64_t before = 0; daemon.next() < kMonth; ++asked) {
    const std::int64_t now = daemon.next();
    REQUIRE(now >= before);
    REQUIRE(now - before <= config.retry_max.millis);
    before = now;
    daemon.Fail();
  }
  CHECK(asked > kMonth / config.retry_max.millis);
  CHECK(asked < 3 * kMonth / config.retry_max.millis);
}

}  // namespace pennon::daemon
