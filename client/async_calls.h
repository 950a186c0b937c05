// Calls that a thread makes for others.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace pennon::client {

/// Runs calls one after the other, in a thread that begins with the first. Safe to use from any
/// thread. What has not begun when it ends is not run.
class AsyncCalls {
 public:
  AsyncCalls() = default;
  ~AsyncCalls();
  AsyncCalls(const AsyncCalls&) = delete;
  AsyncCalls& operator=(const AsyncCalls&) = delete;

  /// `call` must not throw. Throws when there is no memory or no thread.
  void Add(std::function<void()> call);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<std::function<void()>> calls_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pennon::client
