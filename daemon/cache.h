// The flag sets that survive the process: a SQLite file of generations.
//
// Rules (docs/adr/0004-cache.md): one connection owns the file, a lock file beside it says so; the
// file is never opened but through SQLite; every row carries a digest of ours that is checked when
// it is loaded; the entity tag is committed together with the lines it stands for; damage moves the
// file aside and never deletes it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/lock_file.h"
#include "base/log.h"
#include "base/result.h"
#include "base/sqlite.h"
#include "wire/sync_document.h"

namespace pennon::daemon {

/// One flag set as it is kept. `kept` are the lines, from earlier sets, that quarantined flags and
/// segments still use.
struct Generation {
  wire::SyncHead head;
  std::vector<wire::SyncLine> lines;
  std::vector<wire::SyncLine> kept;
  std::string validator;
  base::WallMillis confirmed_at = 0;  // when the upstream last said that it is current
};

struct CacheOptions {
  std::string path;
  std::string environment;  // these two identify whose flags the file holds
  std::string upstream;
  std::int64_t generations = 3;
};

/// Confined to the control thread.
class Cache {
 public:
  /// Takes the lock and opens or creates the file. A file that is damaged, of another format or of
  /// another environment is moved aside. Fails when another process owns it, or when the place
  /// cannot be written.
  static base::Result<Cache> Open(const CacheOptions& options, base::Logger& log);

  /// The newest generation that is whole, or none. Damaged ones are passed over, and the file is
  /// made anew from the one found.
  std::optional<Generation> Load();

  /// Adds a generation and drops the oldest beyond the limit, in one transaction.
  base::Result<void> Save(const Generation& generation);
  /// Notes that the newest generation was confirmed.
  base::Result<void> Confirm(base::WallMillis confirmed_at);

  /// The line of a flag or segment in the newest generation.
  std::optional<wire::SyncLine> FindLine(wire::LineKind kind, const std::string& key);

  [[nodiscard]] const std::string& path() const { return options_.path; }

 private:
  Cache(CacheOptions options, base::LockFile lock, base::Sqlite database, base::Logger& log);

  base::Result<void> Insert(const Generation& generation);
  base::Result<void> InsertLines(std::int64_t id, const std::vector<wire::SyncLine>& lines,
                                 bool kept);
  base::Result<Generation> LoadOne(std::int64_t id);
  base::Result<void> LoadLines(std::int64_t id, Generation& generation);
  void StartAnew(std::string_view why, const Generation* generation);

  CacheOptions options_;
  base::LockFile lock_;
  std::optional<base::Sqlite> database_;
  base::Logger* log_;
};

}  // namespace pennon::daemon
