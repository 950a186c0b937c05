// The steps that a change is made of, inside its transaction. Each writes the rows, says in the
// audit log what it did, and notes which lines of which environments must be made anew.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "store/audit.h"
#include "store/change_scope.h"
#include "store/environments.h"
#include "store/flags.h"
#include "store/lines.h"
#include "store/schedules.h"
#include "store/segments.h"

namespace pennon::store {

enum class Outcome : std::uint8_t { kCreated, kUpdated, kUnchanged };

/// Lives as long as one transaction; made by Ledger::Commit. A step first checks the scope's
/// precondition against what it is about, then, when it finds everything as asked
/// already, does nothing: no audit entry, no new revision. What changes a protected environment has
/// to have a comment. Confined to the database's thread.
class Change {
 public:
  Change(Database& database, const ChangeScope& scope, base::WallMillis now);

  /// kConflict when there is one. It gets every flag there is, switched off.
  base::Result<void> CreateEnvironment(const std::string& key, const std::string& name,
                                       bool is_protected = false);
  /// Without `is_protected` that stays as it is.
  base::Result<void> PutEnvironment(const std::string& key, const std::string& name,
                                    std::optional<bool> is_protected);
  /// Every flag's configuration and every segment of `from` as `to` has it, salts included: who
  /// gets what is the same in both.
  base::Result<void> CopyEnvironment(const std::string& from, const std::string& to);
  base::Result<void> DeleteEnvironment(const std::string& key);

  /// Creates or replaces what all environments share of a flag. A new flag is off everywhere, with
  /// a random salt in each environment. kConflict for the key of a deleted flag, unless the scope
  /// says that it is meant: old code may still ask for that flag.
  base::Result<Outcome> PutFlag(const std::string& key, const model::Object& definition);
  base::Result<void> DeleteFlag(const std::string& key);

  /// Replaces an environment's configuration of a flag. Without `enabled` it is on; without
  /// `salt` it keeps the one it has.
  base::Result<Outcome> PutConfig(const std::string& environment, const std::string& flag,
                                  model::Object config);

  base::Result<Outcome> PutSegment(const std::string& environment, const std::string& key,
                                   const model::Object& definition);
  base::Result<void> DeleteSegment(const std::string& environment, const std::string& key);

  base::Result<void> AddSchedule(const Schedule& schedule);
  /// kConflict when it was made, failed or cancelled already.
  base::Result<void> CancelSchedule(const std::string& environment, std::int64_t id);

  Environments environments;
  Flags flags;
  Segments segments;

  /// What is changed, at which version it is, and its text before and after.
  struct Edit {
    Subject subject;
    std::int64_t version = 0;
    std::optional<std::string> before;  // none: it is made
    std::optional<std::string> after;   // none: it is deleted
  };
  /// Writes the audit entry and returns the new version. For the steps of other files.
  base::Result<std::int64_t> Record(Edit edit);
  base::Result<void> Require(std::optional<std::int64_t> version) const {
    return CheckPrecondition(scope_.precondition, version);
  }
  /// Who may do what has changed.
  void NoteCredentials() { credentials_changed_ = true; }
  [[nodiscard]] Database& database() const { return database_; }
  [[nodiscard]] base::WallMillis now() const { return now_; }

  /// What must be made anew, for each environment that is left.
  [[nodiscard]] const std::map<std::string, std::set<LineId>>& touched() const { return touched_; }
  [[nodiscard]] const std::set<std::string>& deleted() const { return deleted_; }
  [[nodiscard]] bool credentials_changed() const { return credentials_changed_; }

 private:
  /// kInvalid ("comment") when the environment is protected and nobody says why it is changed.
  base::Result<void> CheckReason(const std::string& environment);
  /// The same for what all environments share.
  base::Result<void> CheckReasonEverywhere();
  base::Result<void> CheckKeyIsFree(const std::string& key);
  base::Result<void> ConfigureFlag(const std::string& environment, const std::string& flag);
  base::Result<void> Touch(wire::LineKind kind, const std::string& key);
  base::Result<void> CheckAlone(const std::string& key, const model::Object& definition) const;
  base::Result<void> ConfigureEverywhere(const std::string& flag);

  Database& database_;
  const ChangeScope& scope_;
  base::WallMillis now_;
  Audit audit_;
  std::map<std::string, std::set<LineId>> touched_;
  std::set<std::string> deleted_;
  std::set<std::string> created_;  // environments that nobody has had yet
  bool credentials_changed_ = false;
};

}  // namespace pennon::store
