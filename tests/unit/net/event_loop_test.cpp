#include "net/event_loop.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace pennon::net {
namespace {

// Two ends; what is written to one makes the other ready.
struct Pair {
  Pair() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    watched = base::Descriptor(fds[0]);
    other = base::Descriptor(fds[1]);
  }
  void Touch() const { REQUIRE(::send(other.get(), "x", 1, 0) == 1); }

  base::Descriptor watched;
  base::Descriptor other;
};

struct Told final : EventLoop::Watched {
  explicit Told(std::function<void(std::uint32_t)> call) : on_ready(std::move(call)) {}
  void OnReady(std::uint32_t events) override { on_ready(events); }
  std::function<void(std::uint32_t)> on_ready;
};

constexpr std::int64_t kNever = 1'000'000'000;  // milliseconds between ticks

}  // namespace

TEST_CASE("whoever is watched no more is told of nothing, though it was ready in the same round") {
  EventLoop loop(kNever, [] {});
  const Pair a;
  const Pair b;
  int told = 0;
  Told first([](std::uint32_t) {});
  Told second([](std::uint32_t) {});
  first.on_ready = [&](std::uint32_t) {
    ++told;
    loop.Unwatch(b.watched.get(), second);
    loop.Post([&] { loop.Stop(); });
  };
  second.on_ready = [&](std::uint32_t) {
    ++told;
    loop.Unwatch(a.watched.get(), first);
    loop.Post([&] { loop.Stop(); });
  };
  a.Touch();
  b.Touch();
  REQUIRE(loop.Watch(a.watched.get(), EPOLLIN, first));
  REQUIRE(loop.Watch(b.watched.get(), EPOLLIN, second));
  loop.Run();
  CHECK(told == 1);
}

TEST_CASE("who asks for another turn gets it after the others that are ready, unless it ends") {
  EventLoop loop(kNever, [] {});
  const Pair a;
  const Pair b;
  std::string order;
  Told first([](std::uint32_t) {});
  Told second([](std::uint32_t) {});
  first.on_ready = [&](std::uint32_t events) {
    order += events == 0 ? "again " : "a ";
    if (events != 0) return loop.Again(first);
    loop.Again(first);
    loop.Unwatch(a.watched.get(), first);  // that turn is not to come
    loop.Post([&] { loop.Stop(); });
  };
  second.on_ready = [&](std::uint32_t) { order += "b "; };
  a.Touch();
  b.Touch();
  REQUIRE(loop.Watch(a.watched.get(), EPOLLIN | EPOLLET, first));
  REQUIRE(loop.Watch(b.watched.get(), EPOLLIN | EPOLLET, second));
  loop.Run();
  CHECK((order == "a b again " || order == "b a again "));
}

TEST_CASE("tasks are run in order, those that tasks post as well, all of them before the end") {
  EventLoop loop(kNever, [] {});
  std::vector<int> run;
  std::thread poster([&] {
    for (int i = 0; i < 1'000; ++i) {
      loop.Post([&, i] {
        run.push_back(i);
        if (i == 999) loop.Post([&] { loop.Stop(); });
        if (i == 999) loop.Post([&] { run.push_back(1'000); });
      });
    }
  });
  loop.Run();
  poster.join();
  REQUIRE(run.size() == 1'001);
  for (int i = 0; i <= 1'000; ++i) CHECK(run[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("a tick comes again and again") {
  int ticks = 0;
  EventLoop* running = nullptr;
  EventLoop loop(1, [&] {
    if (++ticks == 3) running->Stop();
  });
  running = &loop;
  loop.Run();
  CHECK(ticks == 3);
}

TEST_CASE("after a request the loop asks on for its time without sleeping, and then sleeps") {
  std::int64_t now = 0;
  int looks = 0;
  const auto clock = [&] {
    ++looks;
    return now += 1'000;  // each look at it takes a microsecond
  };
  // The tick that finds that nobody has looked since the one before is a tick of a loop that
  // sleeps.
  int looks_before = -1;
  EventLoop* running = nullptr;
  EventLoop loop(1,
                 [&] {
                   if (std::exchange(looks_before, looks) == looks && looks > 0) running->Stop();
                 },
                 {.nanos = 50'000, .now = clock});
  running = &loop;
  const Pair pair;
  Told served([&](std::uint32_t) { loop.ExpectMore(); });
  REQUIRE(loop.Watch(pair.watched.get(), EPOLLIN | EPOLLET, served));
  pair.Touch();
  loop.Run();
  CHECK(looks == 51);  // the first begins the time
}

TEST_CASE("a loop that expects nothing never looks at its clock") {
  int looks = 0;
  const auto clock = [&] { return std::int64_t{++looks}; };
  int ticks = 0;
  EventLoop* running = nullptr;
  EventLoop loop(1,
                 [&] {
                   if (++ticks == 3) running->Stop();
                 },
                 {.nanos = 50'000, .now = clock});
  running = &loop;
  const Pair pair;
  Told gone([&](std::uint32_t) {
    loop.ExpectMore();
    loop.ExpectNothing();  // it was the last connection
  });
  REQUIRE(loop.Watch(pair.watched.get(), EPOLLIN | EPOLLET, gone));
  pair.Touch();
  loop.Run();
  CHECK(looks == 0);
}

TEST_CASE("while it spins the loop runs tasks and ticks, and serves others") {
  std::thread poster;
  EventLoop* running = nullptr;
  int looks = 0;
  bool is_other_served = false;
  const Pair other;
  // The time never ends; in the midst of it others come.
  const auto clock = [&] {
    if (++looks == 3) other.Touch();
    return std::int64_t{1};
  };
  EventLoop loop(1,
                 [&] {
                   if (!is_other_served || poster.joinable()) return;
                   poster = std::thread([&] { running->Post([&] { running->Stop(); }); });
                 },
                 {.nanos = 50'000, .now = clock});
  running = &loop;
  const Pair pair;
  Told served([&](std::uint32_t) { loop.ExpectMore(); });
  Told second([&](std::uint32_t) { is_other_served = true; });
  REQUIRE(loop.Watch(pair.watched.get(), EPOLLIN | EPOLLET, served));
  REQUIRE(loop.Watch(other.watched.get(), EPOLLIN | EPOLLET, second));
  pair.Touch();
  loop.Run();
  poster.join();
  CHECK(looks > 3);
}

}  // namespace pennon::net
