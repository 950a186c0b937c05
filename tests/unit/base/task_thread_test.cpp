#include "base/task_thread.h"

#include <doctest/doctest.h>

#include <future>
#include <vector>

namespace pennon::base {
namespace {

TEST_CASE("tasks run in order, and those that wait are run before the thread ends") {
  std::vector<int> order;
  {
    TaskThread thread;
    for (int i = 0; i < 100; ++i) REQUIRE(thread.Post([&order, i] { order.push_back(i); }));
    thread.Start();
  }
  REQUIRE(order.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("the queue takes its limit of tasks and refuses one more") {
  TaskThread thread(3);
  std::promise<void> gate;
  std::promise<void> entered;
  thread.Start();
  REQUIRE(thread.Post([&] {
    entered.set_value();
    gate.get_future().wait();
  }));
  entered.get_future().wait();
  CHECK(thread.Post([] {}));
  CHECK(thread.Post([] {}));
  CHECK(thread.Post([] {}));
  CHECK(!thread.Post([] {}));
  gate.set_value();
  thread.Stop();
  CHECK(!thread.Post([] {}));
}

}  // namespace
}  // namespace pennon::base
