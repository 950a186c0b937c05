// Listening sockets that a service manager opened and passed on (systemd's socket activation).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pennon::daemon {

/// Owns descriptors until they are taken. Movable; confined to one thread.
class InheritedSockets {
 public:
  /// What LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES tell, which are removed from the environment;
  /// none when they are absent or meant for another process. Refused: a name that is none of
  /// "unix", "http" and "admin" or is given twice, what is not a listening stream socket, and one
  /// of another family than its name says. Source: sd_listen_fds_with_names(3).
  static base::Result<InheritedSockets> Take();

  InheritedSockets() = default;
  InheritedSockets(InheritedSockets&& other) noexcept : sockets_(std::move(other.sockets_)) {
    other.sockets_.clear();
  }
  InheritedSockets& operator=(InheritedSockets&& other) noexcept {
    std::swap(sockets_, other.sockets_);
    return *this;
  }
  ~InheritedSockets();

  [[nodiscard]] bool empty() const { return sockets_.empty(); }
  /// The descriptor of that name, once; the caller owns it then.
  std::optional<int> Release(std::string_view name);

 private:
  base::Result<void> Add(std::string name, int fd);

  std::map<std::string, int, std::less<>> sockets_;
};

/// Where a listening socket listens: a path, or "host:port".
std::string AddressOf(int fd);

}  // namespace pennon::daemon
