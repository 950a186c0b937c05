// A listening Unix socket that appears with its final mode and owner, replaces a stale one and
// never a live one.
#pragma once

#include <cstdint>
#include <string>

#include "base/lock_file.h"
#include "base/result.h"

namespace pennon::net {

struct UnixSocketOptions {
  std::string path;  // at most 107 bytes, not abstract
  std::uint32_t mode = 0660;
  std::string group;  // a name or a number; "": the process's own
};

/// Owns the listening socket's place in the file system: the lock file `<path>.lock` decides who
/// may listen there. Unlinks the socket when destroyed, if it is still ours. Movable; confined to
/// one thread.
class UnixSocket {
 public:
  /// Binds to a temporary name beside `path`, sets group and mode, listens, and renames it into
  /// place, all under the lock. Refuses when the lock is held (naming the owner's pid), when
  /// something that is not a socket is at `path`, and unless a socket there refuses connections.
  static base::Result<UnixSocket> Listen(const UnixSocketOptions& options);

  UnixSocket(UnixSocket&& other) noexcept;
  UnixSocket& operator=(UnixSocket&& other) noexcept;
  ~UnixSocket();

  /// Whether the socket's file is still there; false also when another one is in its place.
  [[nodiscard]] bool IsInPlace() const;
  /// After somebody has removed the file: binds another socket at the same place, under the same
  /// lock. Refuses when something is there. The descriptor is for Release.
  base::Result<void> BindAgain(const UnixSocketOptions& options);

  /// Hands the descriptor over (to WorkerPool::Serve), once for each that was bound.
  [[nodiscard]] int Release();

 private:
  base::Result<void> Bind(const UnixSocketOptions& options);

  UnixSocket(base::LockFile lock, std::string path, int fd, std::uint64_t inode);
  base::LockFile lock_;
  std::string path_;
  int fd_;
  std::uint64_t inode_;
};

}  // namespace pennon::net
