// How many streams of events are open, of everybody and of each.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"

namespace pennon::store {

/// Streams of /api/v1/events, of all workers: each is a page or a script that follows.
inline constexpr std::int64_t kMaxEventStreams = 500;
/// Of one token or user. A page that nobody looks at has none.
inline constexpr std::int64_t kMaxEventStreamsOfCaller = 20;

/// Safe from any thread.
class StreamSeats {
 public:
  /// `taken` is kept to how many there are.
  explicit StreamSeats(std::atomic<std::int64_t>& taken) : taken_(taken) {}

  /// Taken until the last copy is gone; must not outlive this.
  using Seat = std::shared_ptr<void>;
  /// kLimit when this caller has too many already, kUnavailable when all are taken.
  base::Result<Seat> Take(const std::string& caller);

 private:
  void Leave(const std::string& caller);

  std::mutex mutex_;
  std::map<std::string, std::int64_t> callers_;
  std::atomic<std::int64_t>& taken_;
};

}  // namespace pennon::store
