// What a dying process leaves behind: when it crashed. A flag set that crashes the daemon would
// else do so at every start, for ever, as it is in the cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/clock.h"

namespace pennon::daemon {

/// A crash longer ago says nothing about what is in force now.
inline constexpr std::int64_t kCrashMemoryMillis = 60'000;

/// A small file beside the cache, to which a fatal signal of this process (SIGSEGV, SIGBUS, SIGILL,
/// SIGFPE, SIGABRT) appends its time before the process ends as it would have. What kills from
/// outside, SIGKILL, is no crash. Without the file nothing is noted. Made while the process has one
/// thread.
class CrashRecord {
 public:
  explicit CrashRecord(std::string path);
  ~CrashRecord();
  CrashRecord(const CrashRecord&) = delete;
  CrashRecord& operator=(const CrashRecord&) = delete;

  /// Crashes that were noted at or after `since`; of many, the last 64 are looked at.
  [[nodiscard]] std::size_t CountSince(base::WallMillis since) const;
  /// The process has proved itself: what was noted says nothing any more.
  void Forget();

 private:
  int fd_ = -1;
};

}  // namespace pennon::daemon
