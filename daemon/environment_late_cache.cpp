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
  if (cache_->health().missing.empty() && !late_->was_read) return TakeLateCache();
  if (now < late_->next_at) return;
  late_->pause = std::min(2 * late_->pause, kMaxPauseMillis);
  late_->next_at = now + late_->pause;
  late_->was_read = false;
  cache_->Reopen();
}

void Environment::TakeLateCache() {
  const InForce before = NoteInForce();
  const bool is_taken = late_->is_save_due ? TakeWhatCame() : TakeKept();
  if (is_taken) StayInForce(before);
  GiveUpUnread();
  if (is_pinned_ || is_overridden_) NoteOrder();  // the file may have been made anew
  Publish();
}

// Nothing has come since it was read last, if it was. False: something else is in force than the
// newest set.
bool Environment::TakeKept() {
  const bool is_loaded = LoadKept();
  if (late_) return is_loaded;
  if (is_loaded || !newest_) {
    cache_->NothingToSave();
  } else {
    SaveAnew();
  }
  return is_loaded;
}

// What has come is taken as if it came now, and so is what is held back. False: it is refused, or
// was not measured.
bool Environment::TakeWhatCame() {
  ReceivedSet came = *std::exchange(newest_, std::nullopt);  // whole, as nothing was let go of
  auto held = std::exchange(held_, std::nullopt);
  const base::SteadyMillis confirmed_at = published_.confirmed_at;
  if (!LoadKept()) {
    newest_ = std::move(came);
    held_ = std::move(held);
    if (CursorOf(newest_->generation.head) != suspect_) suspect_.clear();  // a newer one has come
    if (!late_) SaveAnew();
    return false;
  }
  if (!late_) cache_->NothingToSave();
  static_cast<void>(Complete());
  const auto taken = Take(std::move(came), true, confirmed_at);
  if (!taken) {
    log_.Warn("flag set that came while the cache was missing is refused; the cached one serves",
              {{"environment", config_.environment}, {"reason", taken.error().Message()}});
    if (late_) late_->is_save_due = false;
    is_set_back_ = true;
  }
  if (held) static_cast<void>(Take(*std::move(held), true, clock_.Steady()));
  return taken.has_value();
}

// The file was made anew, or had nothing: what is in memory is all that there is.
void Environment::SaveAnew() {
  wants_full_ = wants_full_ || is_incomplete_;
  Save();
}

// The definitions that a quarantined flag uses come with its set when that is taken again, and
// count before those of the cached one. Of two the first is taken; see engine::Gather.
std::optional<CompiledSet> Environment::InForceWith(const wire::SyncLines& lines) const {
  if (lines.empty()) return std::nullopt;
  CompiledSet with;
  with.effective = ReadDefinitions(wire::SyncHead(), lines);
  for (const auto& flag : compiled_.effective.flags) with.effective.flags.push_back(flag);
  for (const auto& segment : compiled_.effective.segments) {
    with.effective.segments.push_back(segment);
  }
  return with;
}

std::size_t Environment::KeptCount() const {
  return compiled_.kept_flags.size() + compiled_.kept_segments.size();
}

Environment::InForce Environment::NoteInForce() const {
  return {compiled_.image, compiled_.compact_size, KeptCount(),
          published_,      in_force_at_,           is_proved_};
}

// A set that was in force already goes on as it was: who maps it need not map another image of it.
void Environment::StayInForce(const InForce& before) {
  if (before.image == nullptr || before.published.source == serving::Source::kBootstrap) return;
  const engine::Snapshot& was = before.image->snapshot();
  if (was.epoch() != compiled_.given.epoch || was.revision() != compiled_.given.revision ||
      before.kept != KeptCount()) {
    return;
  }
  compiled_.image = before.image;
  compiled_.compact_size = before.compact_size;
  published_.image = before.published.image;
  published_.difference = before.published.difference;
  in_force_at_ = before.in_force_at;
  is_proved_ = before.is_proved;
  if (is_overridden_) return;
  published_.source = before.published.source;
  published_.confirmed_at = before.published.confirmed_at;
}

// Only right after it was tried: the disk may be back by now, and the file have what must not be
// lost.
void Environment::GiveUpUnread() {
  if (!late_ || !late_->is_save_due || !cache_->health().is_unread ||
      clock_.Steady() - late_->since < kGiveUpMillis ||
      CursorOf(newest_->generation.head) == suspect_) {
    return;
  }
  late_.reset();
  cache_->GiveUp(std::make_shared<const Generation>(newest_->generation), EndsOfSave());
  cache_confirmed_at_ = clock_.Steady();
}

// The last chance to keep what has come. A file that is not given stays: what has come will come
// again, an order would not.
void Environment::StopLateCache() {
  if (!late_->is_save_due) return;
  cache_->Reopen();
  const auto is_done = cache_->Run([](Cache&) { return Result<void>(); });
  if (is_done && cache_->health().missing.empty()) TakeLateCache();
}

}  // namespace pennon::daemon
