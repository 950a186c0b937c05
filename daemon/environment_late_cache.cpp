// A cache that could not be opened, or read, at the start. It is tried again; then what it has is
// loaded, and what has come from the upstream meanwhile comes again, so that orders and guards hold
// as if the cache had been there.
#include <algorithm>
#include <utility>

#include "daemon/environment.h"

namespace pennon::daemon {

using base::Error;
using base::Fail;
using base::Result;

namespace {

constexpr std::int64_t kFirstPauseMillis = 5'000;
constexpr std::int64_t kMaxPauseMillis = 60'000;  // to read a bad disk costs seconds
constexpr std::int64_t kGiveUpMillis = 60'000;

}  // namespace

void Environment::NoteLate() {
  const base::SteadyMillis now = clock_.Steady();
  if (!late_) late_.emplace(LateCache{now, now + kFirstPauseMillis, kFirstPauseMillis});
  late_->was_read = true;
}

Result<void> Environment::CheckNotLate() const {
  if (!late_) return {};
  const std::string why = cache_->health().error;
  return Fail(Error::Unavailable("", why.empty() ? "the cache cannot be read yet" : why));
}

void Environment::TryLateCache() {
  const base::SteadyMillis now = clock_.Steady();
  const CacheHealth health = cache_->health();
  if (!health.is_missing && !late_->was_read) return TakeLateCache();
  if (now < late_->next_at) return;
  if (health.is_unread && late_->is_save_due && now - late_->since >= kGiveUpMillis) {
    late_.reset();  // what has come takes its place, and it is moved aside
    return Save();
  }
  late_->pause = std::min(2 * late_->pause, kMaxPauseMillis);
  late_->next_at = now + late_->pause;
  late_->was_read = false;
  cache_->Reopen();
}

void Environment::TakeLateCache() {
  if (!late_->is_save_due) {
    if (LoadKept()) Publish();
    if (!late_) cache_->NothingToSave();
    return;
  }
  ReceivedSet came = *std::exchange(newest_, std::nullopt);  // whole, as nothing was let go of
  const base::SteadyMillis confirmed_at = published_.confirmed_at;
  if (!LoadKept()) {
    newest_ = std::move(came);
    if (CursorOf(newest_->generation.head) != suspect_) suspect_.clear();  // a newer one has come
    if (!late_) Save();
    return Publish();
  }
  if (!late_) cache_->NothingToSave();
  static_cast<void>(Complete());
  if (const auto taken = Take(std::move(came), true, confirmed_at); !taken) {
    log_.Warn("flag set that came while the cache was missing is refused; the cached one serves",
              {{"environment", config_.environment}, {"reason", taken.error().Message()}});
    if (late_) late_->is_save_due = false;
    is_set_back_ = true;
  }
  Publish();
}

// The last chance to keep what has come.
void Environment::StopLateCache() {
  if (!late_->is_save_due) return;
  cache_->Reopen();
  static_cast<void>(cache_->Run([](Cache&) { return Result<void>(); }));
  if (!cache_->health().is_missing) TakeLateCache();
  if (late_ && late_->is_save_due && cache_->health().is_unread) {
    late_.reset();
    Save();
  }
}

}  // namespace pennon::daemon
