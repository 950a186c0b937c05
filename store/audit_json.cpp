#include "store/audit_json.h"

#include "base/json_text.h"
#include "store/timestamp.h"

namespace pennon::store {

void AppendAuditEntry(std::string& out, const AuditEntry& entry) {
  base::JsonObject object(out);
  object.Int("sequence", entry.sequence).String("at", Timestamp(entry.at));
  object.String("actor", entry.actor).String("action", Name(entry.action));
  object.String("kind", entry.subject.kind);
  if (entry.subject.environment) object.String("environment", *entry.subject.environment);
  object.String("key", entry.subject.key).Int("version", entry.version);
  if (!entry.comment.empty()) object.String("comment", entry.comment);
  if (!entry.request.empty()) object.String("request", entry.request);
  if (entry.before) object.Raw("before", *entry.before);
  if (entry.after) object.Raw("after", *entry.after);
  object.String("hash", entry.hash);
  object.Close();
}

}  // namespace pennon::store
