// A thread of its own for work that takes its time, and the queue in front of it: for a database,
// say, or the hashing of passwords.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace pennon::base {

/// Tasks that wait; one more is refused, so that a slow disk cannot fill the memory.
inline constexpr std::size_t kMaxQueuedTasks = 1024;

/// Runs tasks one after the other. Post is safe from any thread; the rest belongs to the owner.
class TaskThread {
 public:
  explicit TaskThread(std::size_t max_queued = kMaxQueuedTasks) : max_queued_(max_queued) {}
  ~TaskThread() { Stop(); }
  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;

  void Start();
  /// Runs what is queued already, then ends the thread.
  void Stop();
  /// False when the queue is full or the thread was stopped; the task is dropped then.
  [[nodiscard]] bool Post(std::function<void()> task);

 private:
  void Run();

  const std::size_t max_queued_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pennon::base
