// The control thread of a program: tasks, timers and signals, one after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace pennon::net {

/// Run by one thread (usually main). Post is safe from any thread; all else belongs to that thread.
class ControlLoop {
 public:
  ControlLoop();
  ~ControlLoop();
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  /// Runs until Stop.
  void Run();
  void Stop();
  /// Runs what is ready now, after Stop, and returns.
  void RunReady();
  void Post(std::function<void()> task);

  /// A pending call; destroying or reassigning it cancels the call. Must not outlive its loop.
  class Timer {
   public:
    Timer();
    Timer(Timer&&) noexcept;
    Timer& operator=(Timer&&) noexcept;
    ~Timer();

   private:
    friend class ControlLoop;
    struct State;
    std::unique_ptr<State> state_;
  };
  /// Calls `task` once, `millis` from now by the steady clock.
  [[nodiscard]] Timer After(std::int64_t millis, std::function<void()> task);

  /// Calls `handler` each time one of `signals` arrives. Once for a loop.
  void OnSignals(const std::vector<int>& signals, std::function<void(int)> handler);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Ignores SIGPIPE and SIGXFSZ for the whole process: a broken pipe and a full quota are return
/// values, not deaths.
void IgnoreDeadlySignals();

}  // namespace pennon::net
