#include "net/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/account.h"

namespace pennon::net {
namespace {

using base::Error;
using base::Fail;
using base::Result;

constexpr std::size_t kMaxPathBytes = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::string_view kTemporarySuffix = ".new";

Error FromErrno(const std::string& path, std::string_view doing) {
  return Error::Internal(path, std::string(doing) + ": " + std::strerror(errno));
}

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

int StreamSocket(int flags) {
  return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
}

std::string ParentOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Beside `path` and never longer than an address may be: a long name gives its tail for the suffix.
std::string TemporaryFor(const std::string& path) {
  const std::size_t kept = std::min(path.size(), kMaxPathBytes - kTemporarySuffix.size());
  return path.substr(0, kept) + std::string(kTemporarySuffix);
}

Result<void> CheckPath(const std::string& path) {
  if (path.empty() || path.front() == '@' || path.find('\0') != std::string::npos) {
    return Fail(Error::Invalid("socket path", "\"" + path + "\" is not a path in the file system"));
  }
  if (path.size() > kMaxPathBytes) {
    return Fail(Error::Limit(path, "is longer than the " + std::to_string(kMaxPathBytes) +
                                       " bytes that a socket's path may have"));
  }
  const std::string parent = ParentOf(path);
  struct stat info {};
  if (::stat(parent.c_str(), &info) != 0) {
    return Fail(errno == ENOENT
                    ? Error::NotFound(parent, "the socket's directory is missing; create it first")
                    : FromErrno(parent, "cannot look at the socket's directory"));
  }
  if (!S_ISDIR(info.st_mode)) {
    return Fail(Error::Invalid(parent, "is no directory, so no socket can be in it"));
  }
  if (path.back() == '/' || TemporaryFor(path).rfind('/') != path.rfind('/')) {
    return Fail(Error::Invalid(path, "needs a name of at least " +
                                         std::to_string(kTemporarySuffix.size() + 1) +
                                         " bytes in a directory with so long a path"));
  }
  return {};
}

// Only a refusal says that nobody listens: a full queue, another kind of socket or a missing
// permission all mean that somebody may.
bool IsStale(const std::string& path) {
  const int fd = StreamSocket(SOCK_NONBLOCK);
  if (fd < 0) return false;
  const sockaddr_un address = AddressOf(path);
  const bool refused =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 &&
      (errno == ECONNREFUSED || errno == ENOENT);
  ::close(fd);
  return refused;
}

// What is at the place already: nothing, a stale socket, or something that must stay.
Result<void> CheckPlace(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return Fail(FromErrno(path, "cannot look at the socket's place"));
  }
  if (!S_ISSOCK(info.st_mode)) {
    return Fail(Error::Conflict(path, "is there and is no socket; remove it or use another path"));
  }
  if (!IsStale(path)) {
    return Fail(
        Error::Conflict(path, "another process listens there; stop it or use another path"));
  }
  return {};
}

Result<void> SetOwnership(const std::string& path, const UnixSocketOptions& options) {
  if (!options.group.empty()) {
    const auto gid = base::GroupId(options.group);
    if (!gid) return Fail(gid.error().Within("socket group"));
    if (::lchown(path.c_str(), static_cast<uid_t>(-1), *gid) != 0) {
      return Fail(FromErrno(path, "cannot give the socket to the group " + options.group));
    }
  }
  if (::chmod(path.c_str(), options.mode) != 0) {
    return Fail(FromErrno(path, "cannot set the socket's mode"));
  }
  return {};
}

Result<void> MoveInPlace(int fd, const UnixSocketOptions& options, const std::string& temporary) {
  auto owned = SetOwnership(temporary, options);
  if (!owned) return owned;
  if (::listen(fd, SOMAXCONN) != 0) return Fail(FromErrno(temporary, "cannot listen"));
  if (::rename(temporary.c_str(), options.path.c_str()) != 0) {
    return Fail(FromErrno(options.path, "cannot move the socket into place"));
  }
  return {};
}

// Binds and prepares the socket under a name that nobody connects to, then moves it into place.
Result<void> BindInPlace(int fd, const UnixSocketOptions& options, const std::string& temporary) {
  auto free_place = CheckPlace(temporary);
  if (!free_place) return free_place;
  ::unlink(temporary.c_str());
  const sockaddr_un address = AddressOf(temporary);
  // The file takes its mode from the socket: nobody gets in before the ownership is right, and the
  // umask of the other threads stays as it is.
  if (::fchmod(fd, 0600) != 0 ||
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return Fail(FromErrno(temporary, "cannot bind the socket"));
  }
  auto placed = MoveInPlace(fd, options, temporary);
  if (!placed) ::unlink(temporary.c_str());
  return placed;
}

}  // namespace

Result<UnixSocket> UnixSocket::Listen(const UnixSocketOptions& options) {
  auto valid = CheckPath(options.path);
  if (!valid) return Fail(valid.error());
  auto lock = base::LockFile::Acquire(options.path + ".lock");
  if (!lock) return Fail(lock.error());
  auto free_place = CheckPlace(options.path);
  if (!free_place) return Fail(free_place.error());

  UnixSocket socket(std::move(*lock), "", -1, 0);
  auto bound = socket.Bind(options);
  if (!bound) return Fail(bound.error());
  return socket;
}

Result<void> UnixSocket::Bind(const UnixSocketOptions& options) {
  fd_ = StreamSocket(0);
  if (fd_ < 0) return Fail(FromErrno(options.path, "cannot create a socket"));
  auto bound = BindInPlace(fd_, options, TemporaryFor(options.path));
  if (!bound) {
    ::close(std::exchange(fd_, -1));
    return bound;
  }
  struct stat info {};
  if (::lstat(options.path.c_str(), &info) == 0) inode_ = info.st_ino;
  path_ = options.path;
  return {};
}

bool UnixSocket::IsInPlace() const {
  struct stat info {};
  return ::lstat(path_.c_str(), &info) == 0 && info.st_ino == inode_;
}

Result<void> UnixSocket::BindAgain(const UnixSocketOptions& options) {
  struct stat info {};
  if (::lstat(options.path.c_str(), &info) == 0) {
    return Fail(Error::Conflict(options.path, "is there and is not the socket of this process"));
  }
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  return Bind(options);
}

UnixSocket::UnixSocket(base::LockFile lock, std::string path, int fd, std::uint64_t inode)
    : lock_(std::move(lock)), path_(std::move(path)), fd_(fd), inode_(inode) {}

UnixSocket::UnixSocket(UnixSocket&& other) noexcept
    : lock_(std::move(other.lock_)),
      path_(std::exchange(other.path_, {})),
      fd_(std::exchange(other.fd_, -1)),
      inode_(other.inode_) {}

UnixSocket& UnixSocket::operator=(UnixSocket&& other) noexcept {
  std::swap(lock_, other.lock_);
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(inode_, other.inode_);
  return *this;
}

UnixSocket::~UnixSocket() {
  // Before the close: while the socket is open its inode's number is not given to another file.
  struct stat info {};
  if (!path_.empty() && ::lstat(path_.c_str(), &info) == 0 && info.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
  if (fd_ >= 0) ::close(fd_);
}

int UnixSocket::Release() {
  return std::exchange(fd_, -1);
}

}  // namespace pennon::net
