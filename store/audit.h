// The audit log: who changed what, appended in the transaction of the change itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/database.h"

namespace pennon::store {

enum class AuditAction : std::uint8_t { kCreate, kUpdate, kDelete };
std::string_view Name(AuditAction action);  // "create", "update", "delete"

struct AuditEntry {
  std::int64_t sequence = 0;  // given by the log
  base::WallMillis at = 0;
  std::string actor;  // "token:3", "cli:1000"
  AuditAction action = AuditAction::kUpdate;
  std::optional<std::string> environment;  // none: what all environments share
  std::string kind;                        // "environment", "flag", "config", "segment", "token"
  std::string key;
  std::optional<std::string> before;  // JSON text
  std::optional<std::string> after;
};

/// Append-only. Borrows the database; confined to its thread.
class Audit {
 public:
  explicit Audit(Database& database) : database_(database) {}

  base::Result<void> Append(const AuditEntry& entry);
  /// In the order of their making.
  base::Result<std::vector<AuditEntry>> All();

 private:
  Database& database_;
};

}  // namespace pennon::store
