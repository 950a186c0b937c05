#include "store/audit.h"

#include <array>

namespace pennon::store {
namespace {

constexpr std::array<std::string_view, 3> kActionNames{"create", "update", "delete"};

std::optional<std::string> OptionalText(const base::SqliteStatement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return std::string(row.Text(column));
}

AuditAction ParseAction(std::string_view text) {
  if (text == kActionNames[0]) return AuditAction::kCreate;
  return text == kActionNames[2] ? AuditAction::kDelete : AuditAction::kUpdate;
}

}  // namespace

std::string_view Name(AuditAction action) {
  return kActionNames[static_cast<std::size_t>(action)];
}

base::Result<void> Audit::Append(const AuditEntry& entry) {
  return database_.Run(
      "INSERT INTO audit (at, actor, action, environment, kind, key, before, after) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      entry.at, entry.actor, Name(entry.action), entry.environment, entry.kind, entry.key,
      entry.before, entry.after);
}

base::Result<std::vector<AuditEntry>> Audit::All() {
  std::vector<AuditEntry> entries;
  auto read = database_.Each(
      "SELECT seq, at, actor, action, environment, kind, key, before, after FROM audit "
      "ORDER BY seq",
      [&](const base::SqliteStatement& row) {
        entries.push_back({row.Int(0), row.Int(1), std::string(row.Text(2)),
                           ParseAction(row.Text(3)), OptionalText(row, 4), std::string(row.Text(5)),
                           std::string(row.Text(6)), OptionalText(row, 7), OptionalText(row, 8)});
      });
  if (!read) return base::Fail(read.error());
  return entries;
}

}  // namespace pennon::store
