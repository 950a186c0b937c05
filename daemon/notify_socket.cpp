#include "daemon/notify_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

#include "daemon/manager_variables.h"

namespace pennon::daemon {

NotifySocket NotifySocket::Take() {
  return NotifySocket(TakeVariable("NOTIFY_SOCKET"));
}

NotifySocket::NotifySocket(std::string_view address) : address_(address) {
  const bool is_known = !address.empty() && (address.front() == '/' || address.front() == '@');
  if (!is_known || address.size() >= sizeof(sockaddr_un::sun_path)) return;
  if (address_.front() == '@') address_.front() = '\0';
  fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

NotifySocket::NotifySocket(NotifySocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), address_(std::move(other.address_)) {}

NotifySocket& NotifySocket::operator=(NotifySocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(address_, other.address_);
  return *this;
}

NotifySocket::~NotifySocket() {
  if (fd_ >= 0) ::close(fd_);
}

void NotifySocket::Send(std::string_view lines) const {
  if (fd_ < 0) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, address_.data(), address_.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  (void)::sendto(fd_, lines.data(), lines.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address), size);
}

std::optional<std::int64_t> TakeWatchdogMillis() {
  const std::string usec = TakeVariable("WATCHDOG_USEC");
  const std::string pid = TakeVariable("WATCHDOG_PID");
  if (!pid.empty() && NumberOr(pid, -1) != ::getpid()) return std::nullopt;
  const std::int64_t micros = NumberOr(usec, 0);
  if (micros <= 0) return std::nullopt;
  return micros / 1000;
}

std::string MonotonicUsec() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t micros = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  return "MONOTONIC_USEC=" + std::to_string(micros);
}

}  // namespace pennon::daemon
