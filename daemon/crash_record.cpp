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
#include <span>

namespace pennon::daemon {
namespace {

constexpr std::array<int, 5> kFatal{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
constexpr std::size_t kMaxRecords = 128;  // environments of a daemon
constexpr std::size_t kLookedAt = 64;

struct Entry {
  base::WallMillis at;
  GenerationName set;
};

// All that the handler uses.
std::array<CrashRecord::Place, kMaxRecords> places;
std::array<struct sigaction, kFatal.size()> previous;

// Async-signal-safe throughout.
void OnFatal(int signal) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const base::WallMillis at = std::int64_t{now.tv_sec} * 1'000 + now.tv_nsec / 1'000'000;
  for (const auto& place : places) {
    const int fd = place.file.load(std::memory_order_relaxed) - 1;
    const Entry entry{at,
                      {place.epoch.load(std::memory_order_relaxed),
                       place.revision.load(std::memory_order_relaxed)}};
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
  for (Place& place : places) {
    int free = 0;
    if (!place.file.compare_exchange_strong(free, fd_ + 1)) continue;
    place_ = &place;
    SetInForce({});
    return;
  }
}

CrashRecord::~CrashRecord() {
  if (place_ != nullptr) place_->file = 0;
  if (fd_ >= 0) ::close(fd_);
}

void CrashRecord::SetInForce(GenerationName set) {
  if (place_ == nullptr) return;
  place_->epoch.store(set.epoch, std::memory_order_relaxed);
  place_->revision.store(set.revision, std::memory_order_relaxed);
}

std::optional<GenerationName> CrashRecord::SuspectSince(base::WallMillis since) const {
  struct stat status {};
  if (fd_ < 0 || ::fstat(fd_, &status) != 0) return std::nullopt;
  const auto noted = static_cast<std::size_t>(status.st_size) / sizeof(Entry);
  std::array<Entry, kLookedAt> entries;
  const std::size_t looked_at = std::min(noted, kLookedAt);
  const ssize_t got = ::pread(fd_, entries.data(), looked_at * sizeof(Entry),
                              static_cast<off_t>((noted - looked_at) * sizeof(Entry)));
  if (got < static_cast<ssize_t>(sizeof(Entry))) return std::nullopt;
  const std::span<const Entry> read(entries.data(), static_cast<std::size_t>(got) / sizeof(Entry));
  const GenerationName last = read.back().set;
  const auto crashes = std::count_if(read.begin(), read.end(), [&](const Entry& entry) {
    return entry.at >= since && entry.set == last;
  });
  // Without a set in force, none is to blame.
  if (crashes < kSuspiciousCrashes || last == GenerationName()) return std::nullopt;
  return last;
}

void CrashRecord::Forget() {
  struct stat status {};
  if (fd_ >= 0 && ::fstat(fd_, &status) == 0 && status.st_size > 0 && ::ftruncate(fd_, 0) != 0) {
    return;  // it only says less than it could
  }
}

}  // namespace pennon::daemon
