// Who owns a resource on this host: a lock on a file beside it, held until the process ends.
#pragma once

#include <string>

#include "base/result.h"

namespace pennon::base {

/// Holds an exclusive lock on a file. The kernel releases it when the process dies, so it is never
/// stale; the file itself stays. Movable; confined to one thread.
class LockFile {
 public:
  /// Fails at once with kConflict, naming `path` and the owner's pid, when another process holds
  /// it.
  static Result<LockFile> Acquire(const std::string& path);

  LockFile(LockFile&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  LockFile& operator=(LockFile&& other) noexcept;
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;
  ~LockFile();

 private:
  explicit LockFile(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace pennon::base
