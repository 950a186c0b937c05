#include "store/lines.h"

#include <utility>

namespace pennon::store {

base::Result<std::vector<StoredLine>> Lines::All(const std::string& environment) {
  std::vector<StoredLine> lines;
  std::string damaged;
  auto read = database_.Each(
      "SELECT kind, key, bytes, digest, revision FROM lines WHERE environment = ? "
      "ORDER BY kind, key",
      [&](const Row& row) {
        const bool is_flag = row.Text(0) == Name(wire::LineKind::kFlag);
        wire::SyncLine line(is_flag ? wire::LineKind::kFlag : wire::LineKind::kSegment, row.Text(1),
                            row.Text(2));
        if (line.digest() != row.Text(3)) {
          damaged = std::string(row.Text(0)) + "s." + std::string(row.Text(1));
        }
        lines.push_back({std::move(line), static_cast<std::uint64_t>(row.Int(4))});
      },
      environment);
  if (!read) return base::Fail(read.error());
  if (damaged.empty()) return lines;
  return base::Fail(
      base::Error::Internal("environments." + environment + '.' + damaged,
                            "what the database holds does not match its digest; restore a backup"));
}

base::Result<void> Lines::Put(const std::string& environment, const StoredLine& stored) {
  return database_.Run(
      "INSERT INTO lines (environment, kind, key, bytes, digest, revision) "
      "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (environment, kind, key) DO UPDATE SET "
      "bytes = excluded.bytes, digest = excluded.digest, revision = excluded.revision",
      environment, Name(stored.line.kind()), stored.line.key(), stored.line.bytes(),
      stored.line.digest(), stored.revision);
}

base::Result<void> Lines::Delete(const std::string& environment, const LineId& id) {
  return database_.Run("DELETE FROM lines WHERE environment = ? AND kind = ? AND key = ?",
                       environment, Name(id.first), id.second);
}

}  // namespace pennon::store
