// Waits on one thread for descriptors that are ready, for tasks and for ticks, by epoll(7).
//
// Serving has a loop of its own because of what Asio does for each request beside the request: it
// queues an operation, and reads once more to learn that nothing has come yet.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/descriptor.h"

namespace pennon::net {

/// Nanoseconds of a clock that never jumps.
std::int64_t SteadyNanos();

/// How long a loop goes on asking the kernel after ExpectMore, rather than sleep: to be woken costs
/// more than most requests.
struct Spin {
  std::int64_t nanos = 0;  // 0: it sleeps at once
  std::function<std::int64_t()> now = SteadyNanos;
};

/// Everything but Post belongs to the thread that runs the loop.
class EventLoop {
 public:
  /// Whoever is told. Must be watched no more before it ends.
  class Watched {
   public:
    /// `events` as those of epoll(7); 0: it was its turn again.
    virtual void OnReady(std::uint32_t events) = 0;

   protected:
    ~Watched() = default;
  };

  /// `on_tick` is called every `tick_millis` while the loop runs. Throws std::system_error when the
  /// process may not open the three descriptors that it takes.
  EventLoop(std::int64_t tick_millis, std::function<void()> on_tick, Spin spin = {});
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Returns after Stop, when no task is left. Tasks that are posted later are never run.
  void Run();
  void Stop() { is_stopped_ = true; }

  /// Has `task` run by the loop, after what was posted before. Safe from any thread.
  void Post(std::function<void()> task);

  /// Tells `who` of `events` (EPOLLIN, EPOLLET, …) on `fd`; false when the kernel watches no more.
  [[nodiscard]] bool Watch(int fd, std::uint32_t events, Watched& who);
  /// Of other events from now on. What has come already may still be told.
  void Rewatch(int fd, std::uint32_t events, Watched& who);
  /// `who` is told of nothing any more.
  void Unwatch(int fd, Watched& who);
  /// Tells `who` again after all the others that are ready have had their turn.
  void Again(Watched& who) { again_.push_back(&who); }
  /// A request was served: another is likely to come soon.
  void ExpectMore() { expects_more_ = spin_.nanos > 0; }
  /// Nobody is left who could send one.
  void ExpectNothing() {
    expects_more_ = false;
    awake_until_ = 0;
  }

 private:
  static constexpr std::size_t kEventsPerRound = 128;

  void Round();
  void RunTasks();
  /// Whether the next round must not sleep.
  bool IsAwake();

  std::function<void()> on_tick_;
  base::Descriptor epoll_;
  base::Descriptor wake_;   // an eventfd
  base::Descriptor timer_;  // a timerfd

  std::array<epoll_event, kEventsPerRound> events_;
  std::size_t next_event_ = 0;  // of those of this round
  std::size_t event_count_ = 0;
  std::vector<Watched*> again_;
  std::vector<Watched*> turn_;  // `again_` of the round before; null: has ended
  std::size_t next_turn_ = 0;
  bool is_stopped_ = false;

  Spin spin_;
  bool expects_more_ = false;     // since the round before
  std::int64_t awake_until_ = 0;  // 0: does not spin

  std::mutex mutex_;  // guards tasks_
  std::vector<std::function<void()>> tasks_;
  std::vector<std::function<void()>> running_;
  std::atomic<bool> has_tasks_{false};
  std::atomic<std::thread::id> thread_{};
};

}  // namespace pennon::net
