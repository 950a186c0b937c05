// What is in force, and the one path by which it changes: apply, compile, refuse or commit,
// publish.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "store/change.h"
#include "store/credentials.h"
#include "store/environment_set.h"
#include "store/news.h"

namespace pennon::store {

/// Is told what is in force, after it was committed. Called on the ledger's thread.
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  virtual void OnEnvironment(std::shared_ptr<const EnvironmentSet> set) = 0;
  virtual void OnEnvironmentDeleted(const std::string& environment) = 0;
  virtual void OnCredentials(std::shared_ptr<const Credentials> credentials) = 0;
  /// The last of what is told of a commit: everything that it names can be read by then.
  virtual void OnNews(std::shared_ptr<const News> news) = 0;
};

using EnvironmentSets = std::map<std::string, std::shared_ptr<const EnvironmentSet>>;

/// Confined to one thread at a time, the database's. Borrows the database and the clock.
class Ledger {
 public:
  /// Reads and compiles all environments. Definitions that this program's compiler refuses, which
  /// an older one accepted, do not stop it.
  static base::Result<std::unique_ptr<Ledger>> Load(Database& database, const base::Clock& clock);

  /// One that changes nothing, over a connection that only reads: what is in force it is given.
  static std::unique_ptr<Ledger> ForReading(Database& database, const base::Clock& clock);
  void Adopt(const EnvironmentSets& sets) { sets_ = sets; }

  /// Tells `listener` everything now, and each commit from now on. Not owned.
  void Listen(CommitListener& listener);

  /// Runs `body` in a transaction, makes the touched lines anew, and compiles every environment
  /// they are in. Something that did not fail to compile before, or that the change is about: the
  /// whole change is undone and the error names the place (kInvalid, or kConflict for a removal).
  /// Else each touched environment gets the next revision, all is committed and then published.
  /// A comment that the log does not take is kInvalid ("comment").
  /// `show` runs in the same transaction once everything reads as changed: what it finds is of this
  /// change, and of none that another process makes after it.
  base::Result<void> Commit(const ChangeScope& scope,
                            const std::function<base::Result<void>(Change&)>& body,
                            const std::function<base::Result<void>()>& show = {});

  /// Runs `body`, which may commit, and undoes all of it: nothing is kept, told or published.
  base::Result<void> Rehearse(const std::function<void()>& body);

  /// Takes over what other processes have committed to the same database, and tells it.
  base::Result<void> Refresh();

  [[nodiscard]] const EnvironmentSets& sets() const { return sets_; }
  [[nodiscard]] const base::Clock& clock() const { return clock_; }
  [[nodiscard]] Database& database() const { return database_; }

 private:
  struct Prepared {
    EnvironmentSets sets;
    std::shared_ptr<const Credentials> credentials;  // null when unchanged
    std::int64_t credentials_version = 0;
    News news;
  };

  Ledger(Database& database, const base::Clock& clock) : database_(database), clock_(clock) {}
  base::Result<void> Prepare(const ChangeScope& scope, Change& change, Prepared& prepared);
  base::Result<std::shared_ptr<const EnvironmentSet>> Rebuild(const ChangeScope& scope,
                                                              Change& change,
                                                              const std::string& environment,
                                                              const std::set<LineId>& touched);
  base::Result<std::shared_ptr<const Credentials>> ReadCredentials();
  base::Result<std::shared_ptr<const EnvironmentSet>> ReadSet(const Environment& environment,
                                                              const EnvironmentSet* before);
  base::Result<void> RefreshInTransaction();
  void Publish(const Change& change, Prepared prepared);
  void Tell(News news);

  Database& database_;
  const base::Clock& clock_;
  CommitListener* listener_ = nullptr;
  EnvironmentSets sets_;
  std::shared_ptr<const Credentials> credentials_;
  std::int64_t credentials_version_ = 0;
  std::int64_t newest_entry_ = 0;  // of the audit log, that was told
};

}  // namespace pennon::store
