#include "daemon/crash_record.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

namespace pennon::daemon {
namespace {

constexpr std::array<int, 5> kFatal{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
constexpr std::size_t kMaxRecords = 128;  // environments of a daemon
constexpr std::size_t kLookedAt = 64;

using Entry = std::int64_t;  // milliseconds of the wall clock

// All that the handler uses.
std::array<std::atomic<int>, kMaxRecords> files;
std::array<struct sigaction, kFatal.size()> previous;

// Async-signal-safe throughout.
void OnFatal(int signal) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const Entry entry = std::int64_t{now.tv_sec} * 1'000 + now.tv_nsec / 1'000'000;
  for (const auto& file : files) {
    const int fd = file.load(std::memory_order_relaxed) - 1;
    if (fd >= 0 && ::write(fd, &entry, sizeof(entry)) < 0) continue;
  }
  for (std::size_t i = 0; i < kFatal.size(); ++i) {
    if (kFatal[i] == signal) ::sigaction(signal, &previous[i], nullptr);
  }
  ::raise(signal);  // comes when this handler returns
}

void CatchFatalSignals() {
  struct sigaction action {};
  action.sa_handler = OnFatal;
  ::sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kFatal.size(); ++i) {
    ::sigaction(kFatal[i], &action, &previous[i]);
  }
}

}  // namespace

CrashRecord::CrashRecord(std::string path)
    : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)) {
  if (fd_ < 0) return;
  static const bool kCaught = (CatchFatalSignals(), true);
  (void)kCaught;
  for (auto& file : files) {
    int free = 0;  // a file is held as its descriptor plus one
    if (file.compare_exchange_strong(free, fd_ + 1)) return;
  }
}

CrashRecord::~CrashRecord() {
  if (fd_ < 0) return;
  for (auto& file : files) {
    int own = fd_ + 1;
    if (file.compare_exchange_strong(own, 0)) break;
  }
  ::close(fd_);
}

std::size_t CrashRecord::CountSince(base::WallMillis since) const {
  struct stat status {};
  if (fd_ < 0 || ::fstat(fd_, &status) != 0) return 0;
  const auto noted = static_cast<std::size_t>(status.st_size) / sizeof(Entry);
  std::array<Entry, kLookedAt> entries;
  const std::size_t looked_at = std::min(noted, kLookedAt);
  const ssize_t got = ::pread(fd_, entries.data(), looked_at * sizeof(Entry),
                              static_cast<off_t>((noted - looked_at) * sizeof(Entry)));
  if (got <= 0) return 0;
  const auto end = entries.begin() + got / static_cast<ssize_t>(sizeof(Entry));
  return static_cast<std::size_t>(
      std::count_if(entries.begin(), end, [&](Entry at) { return at >= since; }));
}

void CrashRecord::Forget() {
  struct stat status {};
  if (fd_ >= 0 && ::fstat(fd_, &status) == 0 && status.st_size > 0 && ::ftruncate(fd_, 0) != 0) {
    return;  // it only says less than it could
  }
}

}  // namespace pennon::daemon
