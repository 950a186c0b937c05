#include "store/token_use.h"

#include <vector>

#include "store/access_change.h"

namespace pennon::store {

void TokenUse::Note(std::int64_t id, base::WallMillis now) {
  const std::lock_guard lock(mutex_);
  Use& use = uses_[id];
  if (now - use.at >= kTokenUseMillis || now < use.at) use = {now, false};
}

base::Result<void> TokenUse::Write(Ledger& ledger) {
  std::vector<std::pair<std::int64_t, base::WallMillis>> fresh;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, use] : uses_) {
      if (!use.is_written) fresh.emplace_back(id, use.at);
      use.is_written = true;
    }
  }
  if (fresh.empty()) return {};
  auto written = ledger.Commit({}, [&](Change& change) -> base::Result<void> {
    for (const auto& [id, at] : fresh) {
      auto done = Tokens(change.database()).SetLastUse(id, at);
      if (!done) return done;
      auto extended =
          Users(change.database()).ExtendSession(id, at, kSessionIdleMillis, kSessionMillis);
      if (!extended) return base::Fail(extended.error());
      if (*extended != 0) change.NoteCredentials();
    }
    return {};
  });
  if (!written) {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, at] : fresh) uses_[id].is_written = false;
  }
  return written;
}

}  // namespace pennon::store
