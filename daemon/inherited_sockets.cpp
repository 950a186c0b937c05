#include "daemon/inherited_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "daemon/manager_variables.h"

namespace pennon::daemon {
namespace {

using base::Error;
using base::Fail;
using base::Result;

constexpr int kFirstFd = 3;
constexpr std::int64_t kMaxSockets = 64;
constexpr std::string_view kUnix = "unix";
constexpr std::string_view kHttp = "http";
constexpr std::string_view kAdmin = "admin";

// -1 when `fd` is no listening stream socket.
int FamilyOf(int fd) {
  const auto option = [&](int name) {
    int value = -1;
    socklen_t size = sizeof(value);
    return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
  };
  if (option(SO_TYPE) != SOCK_STREAM || option(SO_ACCEPTCONN) != 1) return -1;
  return option(SO_DOMAIN);
}

}  // namespace

Result<InheritedSockets> InheritedSockets::Take() {
  const std::string pid = TakeVariable("LISTEN_PID");
  const std::string count_text = TakeVariable("LISTEN_FDS");
  const std::string names = TakeVariable("LISTEN_FDNAMES");
  InheritedSockets sockets;
  if (NumberOr(pid, -1) != ::getpid()) return sockets;
  const auto count =
      static_cast<int>(std::clamp<std::int64_t>(NumberOr(count_text, 0), 0, kMaxSockets));
  std::string_view rest = names;
  for (int fd = kFirstFd; fd < kFirstFd + count; ++fd) {
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    const std::size_t end = std::min(rest.find(':'), rest.size());
    auto added = sockets.Add(std::string(rest.substr(0, end)), fd);
    if (!added) return Fail(added.error());
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return sockets;
}

Result<void> InheritedSockets::Add(std::string name, int fd) {
  const std::string where = "LISTEN_FDNAMES";
  const std::string what = "names a socket \"" + name + "\"";
  if (name != kUnix && name != kHttp && name != kAdmin) {
    return Fail(
        Error::Invalid(where, what + ", expected unix, http or admin (FileDescriptorName=)"));
  }
  const int family = FamilyOf(fd);
  const bool is_right = name == kUnix ? family == AF_UNIX : family == AF_INET || family == AF_INET6;
  if (!is_right) {
    return Fail(Error::Invalid(where, what + " that is no listening " +
                                          (name == kUnix ? "Unix" : "TCP") + " stream socket"));
  }
  if (!sockets_.emplace(std::move(name), fd).second)
    return Fail(Error::Invalid(where, what + " twice"));
  return {};
}

InheritedSockets::~InheritedSockets() {
  for (const auto& [name, fd] : sockets_) ::close(fd);
}

std::optional<int> InheritedSockets::Release(std::string_view name) {
  const auto found = sockets_.find(name);
  if (found == sockets_.end()) return std::nullopt;
  const int fd = found->second;
  sockets_.erase(found);
  return fd;
}

std::string AddressOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  std::array<char, INET6_ADDRSTRLEN> host{};
  if (address.ss_family == AF_UNIX) {
    const auto& unix_address = reinterpret_cast<const sockaddr_un&>(address);
    const std::size_t length = size - offsetof(sockaddr_un, sun_path);
    std::string path(unix_address.sun_path, length);
    return path.substr(0, path.find('\0', 1));
  }
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, host.data(), host.size());
    return std::string(host.data()) + ':' + std::to_string(ntohs(v4.sin_port));
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, host.data(), host.size());
  return '[' + std::string(host.data()) + "]:" + std::to_string(ntohs(v6.sin6_port));
}

}  // namespace pennon::daemon
