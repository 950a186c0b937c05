// /api/v1/audit: who changed what.
#include <algorithm>

#include "store/audit_json.h"
#include "store/reply_json.h"
#include "store/routes.h"

namespace pennon::store {
namespace {

using base::Fail;
using base::Result;

Result<AuditFilter> ReadFilter(const Query& query) {
  AuditFilter filter;
  filter.actor = query.Text("actor");
  filter.environment = query.Text("environment");
  filter.kind = query.Text("kind");
  filter.key = query.Text("key");
  auto since = query.Instant("since", filter.since);
  if (!since) return Fail(since.error());
  auto until = query.Instant("until", filter.until);
  if (!until) return Fail(until.error());
  auto before = query.Number("after", filter.before, 1, INT64_MAX);
  if (!before) return Fail(before.error());
  filter.since = *since;
  filter.until = *until;
  filter.before = *before;
  return filter;
}

Result<std::vector<AuditEntry>> Find(const Call& call, std::int64_t& size) {
  auto filter = ReadFilter(call.query);
  if (!filter) return Fail(filter.error());
  return Audit(call.ledger.database()).Find(*filter, size);
}

}  // namespace

Result<Reply> ListAudit(const Call& call) {
  auto size = call.query.PageSize();
  if (!size) return Fail(size.error());
  auto entries = Find(call, *size);
  if (!entries) return Fail(entries.error());
  return Reply{200,
               JsonPage("entries", *std::move(entries), *size, AppendAuditEntry,
                        [](const AuditEntry& entry) { return std::to_string(entry.sequence); })};
}

Result<Reply> ExportAudit(const Call& call) {
  auto size = call.query.Number("limit", kMaxExportedEntries, 1, kMaxExportedEntries);
  if (!size) return Fail(size.error());
  auto entries = Find(call, *size);
  if (!entries) return Fail(entries.error());
  entries->resize(std::min(entries->size(), static_cast<std::size_t>(*size)));
  Reply reply;
  reply.type = "application/x-ndjson";
  for (const AuditEntry& entry : *entries) {
    AppendAuditEntry(reply.body, entry);
    reply.body += '\n';
  }
  return reply;
}

}  // namespace pennon::store
