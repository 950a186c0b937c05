#include "net/unix_socket.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

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

int StreamSocket() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }

Result<void> CheckPath(const std::string& path) {
  if (path.empty() || path.front() == '@' || path.find('\0') != std::string::npos) {
    return Fail(Error::Invalid("socket path", "\"" + path + "\" is not a path in the file system"));
  }
  if (path.size() + kTemporarySuffix.size() > kMaxPathBytes) {
    return Fail(Error::Limit(path, "is longer than the " +
                                       std::to_string(kMaxPathBytes - kTemporarySuffix.size()) +
                                       " bytes that a socket's path may have"));
  }
  return {};
}

bool Answers(const std::string& path) {
  const int fd = StreamSocket();
  if (fd < 0) return false;
  const sockaddr_un address = AddressOf(path);
  const bool answers =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(fd);
  return answers;
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
  if (Answers(path)) {
    return Fail(Error::Conflict(path, "another process listens there and answers"));
  }
  return {};
}

Result<gid_t> GroupId(const std::string& name) {
  std::array<char, 16384> buffer;
  group entry{};
  group* found = nullptr;
  ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return Fail(Error::NotFound("socket group", "there is no group " + name));
  return found->gr_gid;
}

Result<void> SetOwnership(const std::string& path, const UnixSocketOptions& options) {
  if (!options.group.empty()) {
    const auto gid = GroupId(options.group);
    if (!gid) return Fail(gid.error());
    if (::lchown(path.c_str(), static_cast<uid_t>(-1), *gid) != 0) {
      return Fail(FromErrno(path, "cannot give the socket to the group " + options.group));
    }
  }
  if (::chmod(path.c_str(), options.mode) != 0) {
    return Fail(FromErrno(path, "cannot set the socket's mode"));
  }
  return {};
}

// Binds and prepares the socket under a name that nobody connects to, then moves it into place.
Result<void> BindInPlace(int fd, const UnixSocketOptions& options, const std::string& temporary) {
  ::unlink(temporary.c_str());
  const sockaddr_un address = AddressOf(temporary);
  const mode_t before = ::umask(0177);
  const int bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  ::umask(before);
  if (bound != 0) return Fail(FromErrno(temporary, "cannot bind the socket"));
  auto owned = SetOwnership(temporary, options);
  if (!owned) return owned;
  if (::listen(fd, SOMAXCONN) != 0) return Fail(FromErrno(temporary, "cannot listen"));
  if (::rename(temporary.c_str(), options.path.c_str()) != 0) {
    return Fail(FromErrno(options.path, "cannot move the socket into place"));
  }
  return {};
}

}  // namespace

Result<UnixSocket> UnixSocket::Listen(const UnixSocketOptions& options) {
  auto valid = CheckPath(options.path);
  if (!valid) return Fail(valid.error());
  auto lock = base::LockFile::Acquire(options.path + ".lock");
  if (!lock) return Fail(lock.error());
  auto free_place = CheckPlace(options.path);
  if (!free_place) return Fail(free_place.error());

  UnixSocket socket(std::move(*lock), "", StreamSocket(), 0);
  if (socket.fd_ < 0) return Fail(FromErrno(options.path, "cannot create a socket"));
  const std::string temporary = options.path + std::string(kTemporarySuffix);
  auto bound = BindInPlace(socket.fd_, options, temporary);
  if (!bound) {
    ::unlink(temporary.c_str());
    return Fail(bound.error());
  }
  struct stat info {};
  if (::lstat(options.path.c_str(), &info) == 0) socket.inode_ = info.st_ino;
  socket.path_ = options.path;
  return socket;
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
  if (fd_ >= 0) ::close(fd_);
  struct stat info {};
  if (!path_.empty() && ::lstat(path_.c_str(), &info) == 0 && info.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
}

int UnixSocket::Release() { return std::exchange(fd_, -1); }

}  // namespace pennon::net
