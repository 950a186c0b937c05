#include "store/token_use.h"

#include <vector>

#include "store/tokens.h"

namespace pennon::store {

void TokenUse::Note(std::int64_t token, base::WallMillis now) {
  const std::lock_guard lock(mutex_);
  Use& use = uses_[token];
  if (now - use.at >= kTokenUseMillis || now < use.at) use = {now, false};
}

base::Result<void> TokenUse::Write(Database& database) {
  std::vector<std::pair<std::int64_t, base::WallMillis>> fresh;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [token, use] : uses_) {
      if (!use.is_written) fresh.emplace_back(token, use.at);
      use.is_written = true;
    }
  }
  if (fresh.empty()) return {};
  return database.Transaction([&]() -> base::Result<void> {
    for (const auto& [token, at] : fresh) {
      if (auto done = Tokens(database).SetLastUse(token, at); !done) return done;
    }
    return {};
  });
}

}  // namespace pennon::store
