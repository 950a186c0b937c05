// Puts a flag set in force on every worker.
#pragma once

#include <memory>
#include <vector>

#include "net/worker_pool.h"
#include "serving/evaluation_service.h"

namespace pennon::daemon {

/// Used from the control thread. A worker takes the new set between two requests; the last holder
/// of an old set is always the control thread, so no request pays for freeing one.
class Publisher {
 public:
  /// `services` holds one service a worker, in the order of the pool.
  Publisher(net::WorkerPool& pool, std::vector<serving::EvaluationService*> services)
      : pool_(pool), services_(std::move(services)) {}

  void Publish(std::shared_ptr<const serving::Published> published);
  /// Frees the sets that no worker holds any more.
  void FreeRetired();

 private:
  net::WorkerPool& pool_;
  std::vector<serving::EvaluationService*> services_;
  std::shared_ptr<const serving::Published> current_;
  std::vector<std::shared_ptr<const serving::Published>> retired_;
};

}  // namespace pennon::daemon
