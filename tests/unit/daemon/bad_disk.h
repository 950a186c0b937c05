// Disks that do not take, or do not give, what is in the cache's file.
#pragma once

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>

namespace pennon::daemon {

/// Files of this process cannot grow beyond a size meanwhile, as on a disk that is full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t size) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit limit{size, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  sighandler_t handler_;
};

/// While one lives, SQLite's reads of this process from `from` on and before `to` fail with this
/// errno. EIO is damage to SQLite; ETIMEDOUT, of a disk that is across a network, is not.
class BadDisk {
 public:
  BadDisk(off_t from, off_t to, int error) {
    from_ = from;
    to_ = to;
    error_ = error;
    Use(&Pread);
  }
  ~BadDisk() { Use(nullptr); }
  BadDisk(const BadDisk&) = delete;
  BadDisk& operator=(const BadDisk&) = delete;

 private:
  static ssize_t Pread(int file, void* bytes, std::size_t size, off_t at) {
    if (at < from_ || at >= to_) return ::pread(file, bytes, size, at);
    errno = error_;
    return -1;
  }
  static void Use(ssize_t (*pread)(int, void*, std::size_t, off_t)) {
    sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
    const auto call = reinterpret_cast<sqlite3_syscall_ptr>(pread);
    vfs->xSetSystemCall(vfs, "pread", call);  // one of the two is in use
    vfs->xSetSystemCall(vfs, "pread64", call);
  }
  static inline off_t from_ = 0;
  static inline off_t to_ = 0;
  static inline int error_ = 0;
};

}  // namespace pennon::daemon
