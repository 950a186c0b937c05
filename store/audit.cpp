#include "store/audit.h"

#include <algorithm>
#include <array>

#include "store/audit_chain.h"

namespace pennon::store {
namespace {

constexpr std::array<std::string_view, 3> kActionNames{"create", "update", "delete"};

constexpr std::int64_t kFoundAtOnce = 100;

std::optional<std::string> OptionalText(const Row& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return std::string(row.Text(column));
}

}  // namespace

std::string_view Name(AuditAction action) {
  return kActionNames[static_cast<std::size_t>(action)];
}

AuditAction ParseAuditAction(std::string_view name) {
  if (name == kActionNames[0]) return AuditAction::kCreate;
  return name == kActionNames[2] ? AuditAction::kDelete : AuditAction::kUpdate;
}

AuditEntry ReadAuditEntry(const Row& row) {
  AuditEntry entry;
  entry.sequence = row.Int(0);
  entry.at = row.Int(1);
  entry.actor = row.Text(2);
  entry.action = ParseAuditAction(row.Text(3));
  entry.subject = {OptionalText(row, 4), std::string(row.Text(5)), std::string(row.Text(6))};
  entry.version = row.Int(7);
  entry.comment = row.Text(8);
  entry.request = row.Text(9);
  entry.before = OptionalText(row, 10);
  entry.after = OptionalText(row, 11);
  entry.hash = row.Text(12);
  return entry;
}

base::Result<AuditHead> Audit::Head() {
  AuditHead head;
  auto read = database_.Each("SELECT audit_sequence, audit_hash FROM meta", [&](const Row& row) {
    head = {row.Int(0), std::string(row.Text(1))};
  });
  if (!read) return base::Fail(read.error());
  return head;
}

base::Result<std::int64_t> Audit::Append(AuditEntry entry) {
  auto last = LastVersion(entry.subject);
  if (!last) return base::Fail(last.error());
  auto head = Head();
  if (!head) return base::Fail(head.error());
  entry.version = std::max(*last, entry.version) + 1;
  entry.sequence = head->sequence + 1;
  entry.hash = HashOf(head->hash, entry);
  auto written = database_.Run(
      "INSERT INTO audit (seq, at, actor, action, environment, kind, key, version, comment, "
      "request, before, after, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      entry.sequence, entry.at, entry.actor, Name(entry.action), entry.subject.environment,
      entry.subject.kind, entry.subject.key, entry.version, entry.comment, entry.request,
      entry.before, entry.after, entry.hash);
  if (written) {
    written = database_.Run("UPDATE meta SET audit_sequence = ?, audit_hash = ?", entry.sequence,
                            entry.hash);
  }
  if (!written) return base::Fail(written.error());
  return entry.version;
}

base::Result<std::vector<AuditEntry>> Audit::Find(AuditFilter filter, std::int64_t& size) {
  std::vector<AuditEntry> entries;
  // The history of one thing has an index, which an OR would keep from being used.
  const bool is_of_one = !filter.kind.empty() && !filter.key.empty();
  const std::string end = is_of_one ? " AND ? <> '')" : " OR ? = '')";
  const std::string sql = std::string(kSelectAudit) +
                          " WHERE seq < ? AND at >= ? AND at < ? AND (actor = ? OR ? = '')"
                          " AND (environment = ? OR ? = '') AND (kind = ?" +
                          end + " AND (key = ?" + end + " ORDER BY seq DESC LIMIT ?";
  std::size_t bytes = 0;
  const auto add = [&](const Row& row) {
    if (bytes > kMaxFoundBytes && entries.size() > 1) return;
    entries.push_back(ReadAuditEntry(row));
    const AuditEntry& entry = entries.back();
    bytes += entry.before.value_or("").size() + entry.after.value_or("").size();
  };
  // A few at a time: PostgreSQL's answer is in memory as a whole.
  for (std::int64_t left = size + 1; left > 0; left -= kFoundAtOnce) {
    const std::size_t had = entries.size();
    const std::int64_t count = std::min(left, kFoundAtOnce);
    auto read = database_.Each(sql, add, filter.before, filter.since, filter.until, filter.actor,
                               filter.actor, filter.environment, filter.environment, filter.kind,
                               filter.kind, filter.key, filter.key, count);
    if (!read) return base::Fail(read.error());
    if (entries.size() < had + static_cast<std::size_t>(count)) break;
    filter.before = entries.back().sequence;
  }
  if (bytes > kMaxFoundBytes && entries.size() > 1) {
    size = std::min(size, static_cast<std::int64_t>(entries.size()) - 1);
  }
  return entries;
}

base::Result<AuditEntry> Audit::Version(const Subject& subject, std::int64_t version) {
  std::optional<AuditEntry> found;
  auto read = database_.Each(
      std::string(kSelectAudit) +
          " WHERE kind = ? AND key = ? AND environment IS NOT DISTINCT FROM ? AND version = ?",
      [&](const Row& row) { found = ReadAuditEntry(row); }, subject.kind, subject.key,
      subject.environment, version);
  if (!read) return base::Fail(read.error());
  if (!found) {
    return base::Fail(
        base::Error::NotFound("versions." + std::to_string(version), "there is no such version"));
  }
  return *std::move(found);
}

base::Result<std::int64_t> Audit::LastCreation(const Subject& subject) {
  return Highest("seq", subject, " AND action = 'create'");
}

base::Result<std::int64_t> Audit::LastVersion(const Subject& subject) {
  return Highest("version", subject, "");
}

base::Result<std::int64_t> Audit::Highest(std::string_view column, const Subject& subject,
                                          std::string_view more) {
  std::int64_t highest = 0;
  auto read = database_.Each(
      "SELECT max(" + std::string(column) +
          ") FROM audit WHERE kind = ? AND key = ? AND environment IS NOT DISTINCT FROM ?" +
          std::string(more),
      [&](const Row& row) { highest = row.Int(0); }, subject.kind, subject.key,
      subject.environment);
  return read.map([&] { return highest; });
}

base::Result<void> Audit::Each(const std::function<void(AuditEntry)>& read) {
  return database_.Each(std::string(kSelectAudit) + " ORDER BY seq",
                        [&](const Row& row) { read(ReadAuditEntry(row)); });
}

}  // namespace pennon::store
