// The floor for a round trip between two processors: a bare echo on a Unix socket that, after each
// message, asks on for SPIN_US before it sleeps.
//   spin_echo PATH SPIN_US
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include "bench/figure.h"
#include "bench/measure.h"

namespace pennon::bench {
namespace {

constexpr std::size_t kMessageBytes = 4096;  // longer ones come in pieces, and go out so

int Listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(fd, 8) != 0) {
    Abort("cannot listen on " + path);
  }
  return fd;
}

// Until the peer is gone.
void Serve(int fd, int epoll, std::int64_t spin_nanos) {
  std::array<char, kMessageBytes> message;
  std::int64_t until = 0;
  epoll_event event{};
  while (true) {
    const bool is_awake = NowNanos() < until;
    if (::epoll_wait(epoll, &event, 1, is_awake ? 0 : -1) <= 0) continue;
    const ssize_t got = ::recv(fd, message.data(), message.size(), 0);
    if (got <= 0) return;
    (void)::send(fd, message.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
    until = NowNanos() + spin_nanos;
  }
}

}  // namespace
}  // namespace pennon::bench

int main(int argc, char** argv) {
  using namespace pennon::bench;  // NOLINT(google-build-using-namespace)
  if (argc != 3) Abort("usage: spin_echo PATH SPIN_US");
  const int listener = Listen(argv[1]);
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  while (true) {
    const int fd = ::accept(listener, nullptr, nullptr);
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    Serve(fd, epoll, std::stol(argv[2]) * 1'000);
    ::close(fd);
  }
}
