// When each token and session was last used: noted on the workers, written down now and then.
#pragma once

#include <map>
#include <mutex>

#include "base/clock.h"
#include "store/ledger.h"

namespace pennon::store {

/// Uses that are closer together count as one.
inline constexpr base::WallMillis kTokenUseMillis = 60'000;

/// Safe from any thread.
class TokenUse {
 public:
  void Note(std::int64_t id, base::WallMillis now);
  /// Writes what was noted since the last time, and puts off the end of sessions that were used. On
  /// the database's thread.
  base::Result<void> Write(Ledger& ledger);

 private:
  struct Use {
    base::WallMillis at = 0;
    bool is_written = false;
  };
  std::mutex mutex_;
  std::map<std::int64_t, Use> uses_;  // one a token or session
};

}  // namespace pennon::store
