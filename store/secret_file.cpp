#include "store/secret_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace pennon::store {

namespace {

base::Error WriteError(const std::string& path) {
  return base::Error::Internal(path, std::string("cannot write: ") + std::strerror(errno));
}

}  // namespace

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

base::Result<void> SecretFile::Append(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return base::Fail(WriteError(path_));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

base::Result<void> SecretFile::Sync() {
  if (::fsync(fd_) == 0) return {};
  return base::Fail(WriteError(path_));
}

base::Result<void> SecretFile::Write(std::string_view secret) {
  return Append(std::string(secret) + '\n').and_then([&] { return Sync(); });
}

}  // namespace pennon::store
