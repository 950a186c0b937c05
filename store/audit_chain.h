// The chain of the audit log: each entry's hash covers the entry and the hash before it, so a row
// that was changed, left out, put in or moved is found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/audit.h"
#include "store/driver.h"

namespace pennon::store {

/// SHA-256 over the JSON array [previous, sequence, at, actor, action, environment, kind, key,
/// version, comment, request, before, after]; `previous` is "" for the first entry.
std::string HashOf(std::string_view previous, const AuditEntry& entry);

/// Writes the hashes of a log that has none yet.
base::Result<void> ChainAudit(Driver& driver);

/// "SEQUENCE:HASH", as `pennon-store verify` prints it.
std::string FormatHead(const AuditHead& head);
base::Result<AuditHead> ParseHead(std::string_view text);

/// Walks the whole log: the head, or the first entry that is not as it was written. Who can write
/// to the database can also chain a changed log anew; `known`, a head that was noted elsewhere,
/// finds that, and a log that was cut off. To be run in a snapshot when others may write meanwhile.
base::Result<AuditHead> VerifyAudit(Database& database,
                                    const std::optional<AuditHead>& known = std::nullopt);

}  // namespace pennon::store
