#include "store/secret_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace pennon::store {

base::Result<SecretFile> SecretFile::Create(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0) return SecretFile(path, fd);
  if (errno == EEXIST) {
    return base::Fail(base::Error::Conflict(
        path,
        "exists already; a secret never replaces another file. Remove it or choose another "
        "path"));
  }
  return base::Fail(
      base::Error::Internal(path, std::string("cannot create the file: ") + std::strerror(errno)));
}

SecretFile::SecretFile(SecretFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), kept_(other.kept_) {}

SecretFile& SecretFile::operator=(SecretFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(kept_, other.kept_);
  return *this;
}

SecretFile::~SecretFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (!kept_) ::unlink(path_.c_str());
}

base::Result<void> SecretFile::Write(std::string_view secret) {
  const std::string line = std::string(secret) + '\n';
  const ssize_t written = ::write(fd_, line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size()) && ::fsync(fd_) == 0) return {};
  return base::Fail(
      base::Error::Internal(path_, std::string("cannot write: ") + std::strerror(errno)));
}

}  // namespace pennon::store
