// Notices what other stores on the same PostgreSQL database commit.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace pennon::store {

/// How long a replica may not know, when nobody tells it: where notices get lost, and on engines
/// that have none.
inline constexpr int kReplicaPollMillis = 1000;

/// A thread with a connection that listens for the notices of PostgresDriver.
class ReplicaWatch {
 public:
  /// `look` is called on the watch's thread after each notice, and every kReplicaPollMillis.
  ReplicaWatch(std::string address, std::function<void()> look);
  ~ReplicaWatch();
  ReplicaWatch(const ReplicaWatch&) = delete;
  ReplicaWatch& operator=(const ReplicaWatch&) = delete;

 private:
  void Run();

  const std::string address_;
  const std::function<void()> look_;
  int stop_event_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace pennon::store
