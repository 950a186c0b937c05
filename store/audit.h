// The audit log: who changed what, appended in the transaction of the change itself. It is the
// history, too: each entry is a version of what it is about.
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
AuditAction ParseAuditAction(std::string_view name);

/// What an entry is about.
struct Subject {
  std::optional<std::string> environment;  // none: what all environments share
  std::string kind;                        // "environment", "flag", "config", "segment", "token"
  std::string key;
};

struct AuditEntry {
  std::int64_t sequence = 0;  // given by the log: 1, 2, 3, …
  base::WallMillis at = 0;
  std::string actor;  // "token:3", "cli:1000"
  AuditAction action = AuditAction::kUpdate;
  Subject subject;
  /// Of the subject: one more than the last one that the log knows, also over a deletion, or than
  /// what Append was given.
  std::int64_t version = 0;
  std::string comment;
  std::string request;                // the id of the request that asked for it
  std::optional<std::string> before;  // JSON text; none for a creation
  std::optional<std::string> after;   // none for a deletion
  std::string hash;                   // given by the log, see store/audit_chain.h
};

/// Which entries: all members that are set have to fit.
struct AuditFilter {
  std::string actor;
  std::string environment;
  std::string kind;
  std::string key;
  base::WallMillis since = 0;
  base::WallMillis until = INT64_MAX;  // exclusive
  std::int64_t before = INT64_MAX;     // sequences below it: where the page before ended
};

/// Of the documents in one answer: an entry may have two of the largest that the API takes.
inline constexpr std::size_t kMaxFoundBytes = std::size_t{64} << 20U;

/// The newest entry's place in the chain of store/audit_chain.h.
struct AuditHead {
  std::int64_t sequence = 0;  // 0 and "" for an empty log
  std::string hash;
};

inline constexpr std::string_view kSelectAudit =
    "SELECT seq, at, actor, action, environment, kind, key, version, comment, request, before, "
    "after, hash FROM audit";
AuditEntry ReadAuditEntry(const Row& row);  // of kSelectAudit

/// Append-only. Borrows the database; confined to its thread.
class Audit {
 public:
  explicit Audit(Database& database) : database_(database) {}

  /// Returns the version that it gave. To be called in a transaction.
  base::Result<std::int64_t> Append(AuditEntry entry);
  /// The newest first: `size` of them, and one more when there are others. `size` is lowered to
  /// what fits into kMaxFoundBytes, but not below 1.
  base::Result<std::vector<AuditEntry>> Find(AuditFilter filter, std::int64_t& size);
  /// The entry of a version; kNotFound when there is none.
  base::Result<AuditEntry> Version(const Subject& subject, std::int64_t version);
  /// The subject's last version; 0 when it never was.
  base::Result<std::int64_t> LastVersion(const Subject& subject);
  /// The sequence of the entry that made it last; 0 when none did.
  base::Result<std::int64_t> LastCreation(const Subject& subject);
  base::Result<AuditHead> Head();
  /// In the order of their making: calls `read` for each.
  base::Result<void> Each(const std::function<void(AuditEntry)>& read);

 private:
  /// Of the subject's entries for which `more`, a piece of SQL, holds as well; 0 when there are
  /// none.
  base::Result<std::int64_t> Highest(std::string_view column, const Subject& subject,
                                     std::string_view more);

  Database& database_;
};

}  // namespace pennon::store
