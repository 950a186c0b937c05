// What was evaluated and has not been reported yet: counts by flag, variant and reason of the
// running hour, and batches that are closed, which survive the process in the cache's file.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "daemon/cache_writer.h"
#include "daemon/usage_counter.h"
#include "model/evaluation.h"

namespace pennon::daemon {

inline constexpr std::size_t kMaxBatchCounts = 5'000;   // of one batch; more make several
inline constexpr std::size_t kMaxOpenCounts = 100'000;  // of the running hour; more are lost
inline constexpr std::size_t kMaxBatches = 500;         // closed; the oldest are lost
inline constexpr std::size_t kMaxSpoolBytes = std::size_t{16} << 20U;

struct ClosedBatch {
  std::string id;  // counted once by the store, however often it is sent
  base::WallMillis hour = 0;
  std::string counts;  // JSON array, as it is sent
  std::uint64_t evaluations = 0;
};

/// Confined to the control thread. `cache` may be null: then nothing survives.
class UsageSpool {
 public:
  explicit UsageSpool(CacheWriter* cache) : cache_(cache) {}

  /// Takes in what an earlier process left.
  void Load();
  void Add(const UsageTable& table, base::WallMillis now);
  /// Closes what has been counted. With `only_past` only when its hour is over.
  void CloseOpen(base::WallMillis now, bool only_past);

  [[nodiscard]] const std::deque<ClosedBatch>& closed() const { return closed_; }
  /// Writes down what waits and is not in the cache, as the disk may have failed when it was
  /// closed.
  void KeepAll();
  /// A batch has arrived. It may have been dropped while it was under way; then nothing happens.
  void Remove(const std::string& id) { Drop(id, false); }
  /// A batch will never be taken.
  void Lose(const std::string& id) { Drop(id, true); }

  /// Evaluations that were counted and will never be reported.
  [[nodiscard]] std::uint64_t lost() const { return lost_; }
  [[nodiscard]] std::size_t waiting() const { return closed_.size(); }

 private:
  using Key = std::tuple<std::string, std::string, model::Reason>;  // flag and variant
  using Counts = std::map<Key, std::uint64_t>;

  void Close(const std::vector<Counts::const_iterator>& counts);
  void LoadFrom(Cache& cache);
  void Keep(const ClosedBatch& batch);
  void Drop(std::string id, bool is_lost);

  CacheWriter* cache_;
  base::WallMillis open_hour_ = 0;
  Counts open_;
  std::deque<ClosedBatch> closed_;  // oldest first
  std::size_t closed_bytes_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace pennon::daemon
