// What the store counts, and the one place where its metrics are declared (docs/metrics.md).
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "net/worker_pool.h"
#include "serving/evaluation_service.h"

namespace pennon::store {

/// Safe to use from any thread once the workers' counts were added.
class StoreMetrics {
 public:
  /// `memory` is that of the connections, and must outlive this.
  explicit StoreMetrics(const net::MemoryBudget& memory) : memory_(memory) {}

  std::atomic<std::uint64_t> api_requests = 0;
  std::atomic<std::uint64_t> api_errors = 0;    // answered with a status from 400 on
  std::atomic<std::uint64_t> refused = 0;       // no token, an unknown one, or the wrong kind
  std::atomic<std::uint64_t> sync_sent = 0;     // flag sets, whole or as deltas
  std::atomic<std::uint64_t> sync_current = 0;  // 204 or 304: the daemon has this revision
  std::atomic<std::uint64_t> reports = 0;       // of daemons, that were taken
  std::atomic<std::int64_t> streams = 0;        // of daemons, open now
  std::atomic<std::int64_t> event_streams = 0;  // of people and scripts, open now
  std::atomic<bool> database_answers = true;

  /// Not owned; before the workers start.
  void AddEvaluations(const serving::EvaluationCounts& counts) { evaluations_.push_back(&counts); }
  /// Not owned.
  void SetListener(const net::Listener& listener) { listener_ = &listener; }

  [[nodiscard]] net::ListenerCounts Connections() const;
  /// All metrics in Prometheus' text format.
  [[nodiscard]] std::string Text() const;

 private:
  const net::MemoryBudget& memory_;
  std::vector<const serving::EvaluationCounts*> evaluations_;
  std::atomic<const net::Listener*> listener_ = nullptr;
};

}  // namespace pennon::store
