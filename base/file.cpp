#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace pennon::base {
namespace {

constexpr std::size_t kMaxSecretBytes = 4096;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

Error FromErrno(const std::string& path, std::string_view doing) {
  const int number = errno;
  const std::string what = std::string(doing) + ": " + std::strerror(number);
  return number == ENOENT ? Error::NotFound(path, what) : Error::Internal(path, what);
}

Result<std::string> ReadOpen(const std::string& path, int fd, std::size_t max_bytes) {
  std::string text;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Fail(FromErrno(path, "cannot read"));
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > max_bytes) {
      return Fail(Error::Limit(path, "larger than " + std::to_string(max_bytes) + " bytes"));
    }
  }
}

// O_NONBLOCK, so that a FIFO put in the file's place is refused instead of waited for.
Result<std::string> ReadRegular(const std::string& path, std::size_t max_bytes,
                                bool refuse_world_readable) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return Fail(FromErrno(path, "cannot open"));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return Fail(FromErrno(path, "cannot stat"));
  if (!S_ISREG(info.st_mode)) return Fail(Error::Invalid(path, "is not a regular file"));
  if (refuse_world_readable && (info.st_mode & S_IROTH) != 0) {
    return Fail(
        Error::Forbidden(path, "holds a secret but everybody may read it; run: chmod 600 " + path));
  }
  return ReadOpen(path, file.get(), max_bytes);
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes) {
  return ReadRegular(path, max_bytes, false);
}

Result<std::string> ReadSecretFile(const std::string& path, std::size_t max_bytes) {
  return ReadRegular(path, max_bytes, true);
}

Result<std::string> ReadSecret(const std::string& path) {
  auto text = ReadSecretFile(path, kMaxSecretBytes);
  if (!text) return text;
  const std::string_view blank = " \t\r\n";
  const std::size_t begin = text->find_first_not_of(blank);
  if (begin == std::string::npos) return Fail(Error::Invalid(path, "holds no secret: it is empty"));
  const std::size_t end = text->find_first_of(blank, begin);
  return text->substr(begin, end == std::string::npos ? end : end - begin);
}

}  // namespace pennon::base
