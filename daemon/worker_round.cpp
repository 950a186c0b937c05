#include "daemon/worker_round.h"

#include <cstddef>
#include <memory>
#include <utility>

namespace pennon::daemon {
namespace {

// Touched by the control thread only.
struct Pending {
  std::size_t workers;
  std::function<void()> task;
};

}  // namespace

void AfterWorkers(net::ControlLoop& control, net::WorkerPool& pool, std::function<void()> task) {
  const auto pending = std::make_shared<Pending>(Pending{pool.size(), std::move(task)});
  for (std::size_t i = 0; i < pool.size(); ++i) {
    const auto answer = [&control, pending] {
      control.Post([pending] {
        if (--pending->workers == 0) pending->task();
      });
    };
    // Twice through the queue: a request that is being handled when the first comes to it posts
    // behind the first, but before the second.
    pool.Post(i, [&pool, i, answer] { pool.Post(i, answer); });
  }
}

}  // namespace pennon::daemon
