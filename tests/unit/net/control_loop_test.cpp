// Tasks, timers and signals on one thread.
#include "net/control_loop.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>
#include <thread>

namespace pennon::net {
namespace {

TEST_CASE("posted tasks run in order on the thread that runs the loop") {
  ControlLoop loop;
  std::string order;
  std::thread::id ran_on;
  std::thread other([&] {
    loop.Post([&] { order += 'a'; });
    loop.Post([&] {
      order += 'b';
      ran_on = std::this_thread::get_id();
      loop.Post([&] { loop.Stop(); });
    });
  });
  loop.Run();
  other.join();
  CHECK(order == "ab");
  CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("timers fire once, the sooner first") {
  ControlLoop loop;
  std::string order;
  const auto later = loop.After(20, [&] {
    order += 'b';
    loop.Stop();
  });
  const auto sooner = loop.After(1, [&] { order += 'a'; });
  loop.Run();
  CHECK(order == "ab");
}

TEST_CASE("a timer that is destroyed or replaced does not fire, even when it was due already") {
  ControlLoop loop;
  std::string order;
  ControlLoop::Timer replaced = loop.After(0, [&] { order += 'x'; });
  ControlLoop::Timer destroyed;
  // Both are due when this runs; whichever of the three comes first, the first takes back the rest.
  loop.Post([&] {
    destroyed = loop.After(0, [&] { order += 'y'; });
    destroyed = ControlLoop::Timer();
    replaced = loop.After(1, [&] {
      order += 'a';
      loop.Stop();
    });
  });
  loop.Run();
  CHECK(order.find('y') == std::string::npos);
  CHECK(order.back() == 'a');
}

TEST_CASE("a timer may set itself again from its own task") {
  ControlLoop loop;
  int count = 0;
  ControlLoop::Timer timer;
  std::function<void()> tick = [&] {
    if (++count == 3) return loop.Stop();
    timer = loop.After(0, tick);
  };
  timer = loop.After(0, tick);
  loop.Run();
  CHECK(count == 3);
}

TEST_CASE("each signal arrives on the loop") {
  ControlLoop loop;
  std::string signals;
  loop.OnSignals({SIGUSR1, SIGHUP}, [&](int signal) {
    signals += signal == SIGHUP ? 'h' : 'u';
    if (signals.size() == 1) ::kill(::getpid(), SIGUSR1);
    if (signals.size() == 2) loop.Stop();
  });
  ::kill(::getpid(), SIGHUP);
  loop.Run();
  CHECK(signals == "hu");
}

TEST_CASE("a write to a closed pipe is an error, not the end") {
  IgnoreDeadlySignals();
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  ::close(ends[0]);
  CHECK(::write(ends[1], "a", 1) == -1);
  CHECK(errno == EPIPE);
  ::close(ends[1]);
}

TEST_CASE("what was posted before a stop can be run after it, also when each task posts another") {
  ControlLoop loop;
  int runs = 0;
  std::function<void()> endless = [&] {
    ++runs;
    loop.Post(endless);
  };
  loop.Post([&] { loop.Stop(); });
  loop.Post(endless);
  loop.Run();
  CHECK(runs == 0);
  loop.RunReady();
  CHECK(runs == 1);
}

}  // namespace
}  // namespace pennon::net
