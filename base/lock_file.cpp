#include "base/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pennon::base {
namespace {

std::string OwnerPid(int fd) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size() - 1, 0);
  return size > 0 ? std::string(text.data(), std::strcspn(text.data(), "\n")) : "unknown";
}

}  // namespace

Result<LockFile> LockFile::Acquire(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    return Fail(
        Error::Internal(path, std::string("cannot create the lock file: ") + std::strerror(errno)));
  }
  LockFile lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return Fail(Error::Conflict(path, "another process (pid " + OwnerPid(fd) +
                                          ") holds this lock; stop it or use another path"));
  }
  const std::string pid = std::to_string(::getpid()) + '\n';
  if (::ftruncate(fd, 0) == 0 && ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    // The pid only helps people; the lock is what counts.
  }
  return lock;
}

LockFile& LockFile::operator=(LockFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

LockFile::~LockFile() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace pennon::base
