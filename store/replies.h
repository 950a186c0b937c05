// Idempotency keys: a creation that is sent again, because its answer was lost, is not made twice
// but answered as the first time. Kept for a day.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "store/database.h"

namespace pennon::store {

inline constexpr std::size_t kMaxIdempotencyKeyBytes = 200;
inline constexpr base::WallMillis kReplyKeptMillis = 24 * 3'600'000LL;

/// Which request of whom.
struct ReplyKey {
  std::string actor;
  std::string key;     // "": the request has none
  std::string digest;  // of all that it asks for
};

struct StoredReply {
  std::string digest;
  int status = 0;  // 0: it was done, but the answer is not kept
  std::string body;
  std::string location;
  std::int64_t version = 0;
};

/// Borrows the database; confined to its thread.
class Replies {
 public:
  explicit Replies(Database& database) : database_(database) {}

  base::Result<std::optional<StoredReply>> Find(const ReplyKey& key);
  /// In the transaction of what the request does: both are there or neither. kConflict when another
  /// did it meanwhile.
  base::Result<void> Reserve(const ReplyKey& key, base::WallMillis now);
  base::Result<void> Keep(const ReplyKey& key, const StoredReply& reply);
  base::Result<void> Prune(base::WallMillis now);

 private:
  Database& database_;
};

}  // namespace pennon::store
