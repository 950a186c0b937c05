// Entries of the audit log in answers of the API.
#pragma once

#include <string>

#include "store/audit.h"

namespace pennon::store {

/// {"sequence", "at", "actor", "action", "kind", "environment"?, "key", "version", "comment"?,
/// "request"?, "before"?, "after"?, "hash"}; before and after are the documents.
void AppendAuditEntry(std::string& out, const AuditEntry& entry);

}  // namespace pennon::store
