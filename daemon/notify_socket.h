// Messages to the service manager that started this process (systemd's Type=notify).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace pennon::daemon {

/// Confined to the control thread. Source of the protocol: sd_notify(3); it needs no libsystemd.
class NotifySocket {
 public:
  /// Where NOTIFY_SOCKET says, which is removed from the environment; silent when it says nothing.
  static NotifySocket Take();
  /// `address` is a path, or an abstract name after '@'; "": silent.
  explicit NotifySocket(std::string_view address);
  NotifySocket(NotifySocket&& other) noexcept;
  NotifySocket& operator=(NotifySocket&& other) noexcept;
  ~NotifySocket();

  /// Lines like "READY=1". Never blocks: a message that the manager's queue has no room for waits
  /// for the next Send or Flush, in its order; without READY=1 the manager would end us. Any other
  /// that cannot be delivered is lost.
  void Send(std::string_view lines);
  /// Tries again what waits.
  void Flush();

 private:
  [[nodiscard]] bool Deliver(const std::string& message) const;

  int fd_ = -1;
  std::string address_;  // as the kernel wants it, after the family
  std::deque<std::string> waiting_;
};

/// How often the service manager wants to hear WATCHDOG=1 at least, in milliseconds, of what
/// WATCHDOG_USEC and WATCHDOG_PID say, which are removed from the environment; none: not at all.
std::optional<std::int64_t> TakeWatchdogMillis();

/// "MONOTONIC_USEC=…" for the beginning of a reload.
std::string MonotonicUsec();

}  // namespace pennon::daemon
