#include "store/replies.h"

namespace pennon::store {

base::Result<std::optional<StoredReply>> Replies::Find(const ReplyKey& key) {
  std::optional<StoredReply> found;
  auto read = database_.Each(
      "SELECT digest, status, body, location, entity_version FROM replies "
      "WHERE actor = ? AND idempotency_key = ?",
      [&](const Row& row) {
        found = {std::string(row.Text(0)), static_cast<int>(row.Int(1)), std::string(row.Text(2)),
                 std::string(row.Text(3)), row.Int(4)};
      },
      key.actor, key.key);
  if (!read) return base::Fail(read.error());
  return found;
}

base::Result<void> Replies::Reserve(const ReplyKey& key, base::WallMillis now) {
  auto done = database_.Run(
      "INSERT INTO replies (actor, idempotency_key, digest, status, body, location, "
      "entity_version, made_at) VALUES (?, ?, ?, 0, '', '', 0, ?)",
      key.actor, key.key, key.digest, now);
  if (done || done.error().code() != base::ErrorCode::kConflict) return done;
  return base::Fail(base::Error::Conflict("Idempotency-Key", "is just being used; ask again"));
}

base::Result<void> Replies::Keep(const ReplyKey& key, const StoredReply& reply) {
  return database_.Run(
      "UPDATE replies SET status = ?, body = ?, location = ?, entity_version = ? "
      "WHERE actor = ? AND idempotency_key = ?",
      std::int64_t{reply.status}, reply.body, reply.location, reply.version, key.actor, key.key);
}

base::Result<void> Replies::Prune(base::WallMillis now) {
  return database_.Run("DELETE FROM replies WHERE made_at < ?", now - kReplyKeptMillis);
}

}  // namespace pennon::store
