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

/// What tells a kept generation from another one.
struct GenerationName {
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  bool operator==(const GenerationName&) const = default;
};
struct GenerationInfo {
  GenerationName name;
  std::uint64_t flags = 0;
  base::WallMillis confirmed_at = 0;
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

  /// One that is kept; kNotFound when it is not, kInvalid when it is damaged.
  base::Result<Generation> LoadNamed(const GenerationName& name);
  /// All that are kept, newest first.
  base::Result<std::vector<GenerationInfo>> List();

  /// Adds a generation and drops the oldest beyond the limit, in one transaction; one that the mark
  /// "serving" names stays. When the file turns out to be damaged it is made anew with this one.
  base::Result<void> Save(const Generation& generation);
  /// Notes that the newest generation was confirmed.
  base::Result<void> Confirm(base::WallMillis confirmed_at);

  /// A short text that is kept under a name: "serving" (the generation in force when it is not the
  /// newest), "pinned", "instance". "" is none, and removes it.
  std::string Mark(std::string_view name);
  base::Result<void> SetMark(std::string_view name, std::string_view text);

  /// For what else is kept in the file; null while there is none.
  [[nodiscard]] base::Sqlite* database() { return database_ ? &*database_ : nullptr; }
  /// Whether the file was moved aside, or parts of it refused, since it was opened.
  [[nodiscard]] const std::string& damage() const { return damage_; }
  [[nodiscard]] const std::string& path() const { return options_.path; }

 private:
  Cache(CacheOptions options, base::LockFile lock, base::Sqlite database, base::Logger& log);

  base::Result<void> Insert(const Generation& generation);
  base::Result<void> InsertLines(std::int64_t id, const std::vector<wire::SyncLine>& lines,
                                 bool kept);
  base::Result<void> Prune(std::int64_t newest);
  base::Result<Generation> LoadOne(std::int64_t id);
  base::Result<void> LoadLines(std::int64_t id, Generation& generation);
  void StartAnew(std::string_view why, const Generation* generation);

  CacheOptions options_;
  base::LockFile lock_;
  std::optional<base::Sqlite> database_;
  base::Logger* log_;
  std::string damage_;
  bool is_starting_anew_ = false;
};

}  // namespace pennon::daemon
