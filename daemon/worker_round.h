// Waits until all workers have done what they were given before.
#pragma once

#include <functional>

#include "net/control_loop.h"
#include "net/worker_pool.h"

namespace pennon::daemon {

/// Runs `task` on the control thread after whatever was posted to the workers before, and after
/// what a request has sent from a worker through the worker's own queue to the control thread, if
/// its handler ran before that. Called on the control thread.
void AfterWorkers(net::ControlLoop& control, net::WorkerPool& pool, std::function<void()> task);

}  // namespace pennon::daemon
