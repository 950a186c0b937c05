// When each token was last used: noted on the workers, written down now and then.
#pragma once

#include <map>
#include <mutex>

#include "base/clock.h"
#include "store/database.h"

namespace pennon::store {

/// Uses that are closer together count as one.
inline constexpr base::WallMillis kTokenUseMillis = 60'000;

/// Safe from any thread.
class TokenUse {
 public:
  void Note(std::int64_t token, base::WallMillis now);
  /// Writes what was noted since the last time. On the database's thread.
  base::Result<void> Write(Database& database);

 private:
  struct Use {
    base::WallMillis at = 0;
    bool is_written = false;
  };
  std::mutex mutex_;
  std::map<std::int64_t, Use> uses_;  // one a token
};

}  // namespace pennon::store
