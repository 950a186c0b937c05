#include "daemon/notify_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

#include "daemon/manager_variables.h"

namespace pennon::daemon {
namespace {

constexpr std::size_t kMostWaiting = 16;

}  // namespace

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
    : fd_(std::exchange(other.fd_, -1)),
      address_(std::move(other.address_)),
      waiting_(std::move(other.waiting_)) {}

NotifySocket& NotifySocket::operator=(NotifySocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(address_, other.address_);
  std::swap(waiting_, other.waiting_);
  return *this;
}

NotifySocket::~NotifySocket() {
  if (fd_ >= 0) ::close(fd_);
}

void NotifySocket::Send(std::string_view lines) {
  if (fd_ < 0) return;
  // The same once more says nothing new; a manager that takes nothing must not cost memory.
  const bool is_repeated = !waiting_.empty() && waiting_.back() == lines;
  if (!is_repeated && waiting_.size() < kMostWaiting) waiting_.emplace_back(lines);
  Flush();
}

void NotifySocket::Flush() {
  while (!waiting_.empty() && Deliver(waiting_.front())) waiting_.pop_front();
}

// False: there is no room for it now.
bool NotifySocket::Deliver(const std::string& message) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, address_.data(), address_.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  return ::sendto(fd_, message.data(), message.size(), MSG_NOSIGNAL,
                  reinterpret_cast<const sockaddr*>(&address), size) >= 0 ||
         (errno != EAGAIN && errno != ENOBUFS);
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
