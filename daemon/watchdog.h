// Tells the service manager that all threads make progress, for as long as they do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "net/control_loop.h"
#include "net/worker_pool.h"

namespace pennon::daemon {

/// Confined to the control thread. Every quarter of the period each worker is asked to answer; when
/// all have answered, `alive` is called. A worker or the control thread that hangs keeps it from
/// being called, and the service manager restarts the daemon.
class Watchdog {
 public:
  Watchdog(net::ControlLoop& control, net::WorkerPool& pool, std::int64_t period_millis,
           std::function<void()> alive)
      : control_(control), pool_(pool), period_millis_(period_millis), alive_(std::move(alive)) {}

  void Start() { Ask(); }

 private:
  void Ask();
  void OnTimer();

  net::ControlLoop& control_;
  net::WorkerPool& pool_;
  std::int64_t period_millis_;
  std::function<void()> alive_;
  /// Shared with the answers under way, which may come after the end of this.
  std::shared_ptr<std::size_t> missing_ = std::make_shared<std::size_t>(0);
  net::ControlLoop::Timer timer_;
};

}  // namespace pennon::daemon
