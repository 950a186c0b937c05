#include "store/lines.h"

#include "base/digest.h"

namespace pennon::store {

base::Result<std::vector<StoredLine>> Lines::All(const std::string& environment) {
  std::vector<StoredLine> lines;
  auto read = database_.Each(
      "SELECT kind, key, bytes, digest, revision FROM lines WHERE environment = ? "
      "ORDER BY kind, key",
      [&](const Row& row) {
        StoredLine& stored = lines.emplace_back();
        const bool is_flag = row.Text(0) == Name(wire::LineKind::kFlag);
        stored.line.kind = is_flag ? wire::LineKind::kFlag : wire::LineKind::kSegment;
        stored.line.key = row.Text(1);
        stored.line.bytes = row.Text(2);
        stored.line.digest = row.Text(3);
        stored.revision = static_cast<std::uint64_t>(row.Int(4));
      },
      environment);
  if (!read) return base::Fail(read.error());
  for (const StoredLine& stored : lines) {
    if (base::Sha256Hex(stored.line.bytes) == stored.line.digest) continue;
    return base::Fail(base::Error::Internal(
        "environments." + environment + '.' + std::string(Name(stored.line.kind)) + "s." +
            stored.line.key,
        "what the database holds does not match its digest; restore a backup"));
  }
  return lines;
}

base::Result<void> Lines::Put(const std::string& environment, const StoredLine& stored) {
  return database_.Run(
      "INSERT INTO lines (environment, kind, key, bytes, digest, revision) "
      "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (environment, kind, key) DO UPDATE SET "
      "bytes = excluded.bytes, digest = excluded.digest, revision = excluded.revision",
      environment, Name(stored.line.kind), stored.line.key, stored.line.bytes, stored.line.digest,
      stored.revision);
}

base::Result<void> Lines::Delete(const std::string& environment, const LineId& id) {
  return database_.Run("DELETE FROM lines WHERE environment = ? AND kind = ? AND key = ?",
                       environment, Name(id.first), id.second);
}

}  // namespace pennon::store
