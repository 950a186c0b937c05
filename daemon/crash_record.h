// What a dying process leaves behind: when it crashed, and with which flag set. A set that crashes
// the daemon would else do so at every start, for ever, as it comes again from cache or upstream.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "daemon/cache.h"

namespace pennon::daemon {

/// A crash longer ago says nothing about what is in force now.
inline constexpr std::int64_t kCrashMemoryMillis = 60'000;

/// As many with one flag set in force are put down to it.
inline constexpr std::ptrdiff_t kSuspiciousCrashes = 3;

/// A small file beside the cache, to which a fatal signal of this process (SIGSEGV, SIGBUS, SIGILL,
/// SIGFPE, SIGABRT) appends its time and the set in force before the process ends as it would have.
/// What kills from outside, SIGKILL, is no crash. Without the file nothing is noted. Made while the
/// process has one thread.
class CrashRecord {
 public:
  explicit CrashRecord(std::string path);
  ~CrashRecord();
  CrashRecord(const CrashRecord&) = delete;
  CrashRecord& operator=(const CrashRecord&) = delete;

  /// What a crash from now on is noted with; the cache may not have it yet.
  void SetInForce(GenerationName set);
  /// The set that was in force at `kSuspiciousCrashes` at or after `since`; of many, the last 64
  /// are looked at.
  [[nodiscard]] std::optional<GenerationName> SuspectSince(base::WallMillis since) const;
  /// The process has proved itself: what was noted says nothing any more.
  void Forget();

  /// What the handler of a signal reads.
  struct Place {
    std::atomic<int> file{0};  // a descriptor plus one; 0: free
    std::atomic<std::uint64_t> epoch{0};
    std::atomic<std::uint64_t> revision{0};
  };

 private:
  int fd_ = -1;
  Place* place_ = nullptr;  // null: all were taken
};

}  // namespace pennon::daemon
