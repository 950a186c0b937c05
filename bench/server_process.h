// A server of a benchmark as a process of its own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace pennon::bench {

/// The processors that this process may use.
std::vector<int> Processors();
/// Binds the calling thread, and those it starts afterwards, to one processor.
void PinTo(int processor);

/// Forked, so it must be made while this process has one thread. Ends with its owner.
class ServerProcess {
 public:
  /// Runs `serve`, which does not return, on `processor`.
  ServerProcess(int processor, const std::function<void()>& serve);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  /// Nanoseconds that the process has computed, its time in the kernel included.
  [[nodiscard]] std::int64_t CpuNanos() const;

 private:
  pid_t pid_;
  clockid_t clock_{};
};

}  // namespace pennon::bench
