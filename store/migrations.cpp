// The schema. A step that has been released is never edited: a change is a new step at the end.
#include "store/migrations.h"

#include <array>

namespace pennon::store {
namespace {

constexpr const char* kFirstSchema = R"sql(
  -- `epoch` is the highest one that any environment was ever given.
  CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    store_id TEXT NOT NULL,
    epoch INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE environments (
    key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- What all environments share of a flag.
  CREATE TABLE flags (
    key TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- What each environment has of its own; there is a row for every flag in every environment.
  CREATE TABLE flag_configs (
    environment TEXT NOT NULL REFERENCES environments (key) ON DELETE CASCADE,
    flag TEXT NOT NULL REFERENCES flags (key) ON DELETE CASCADE,
    config TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (environment, flag)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX flag_configs_by_flag ON flag_configs (flag);

  CREATE TABLE segments (
    environment TEXT NOT NULL REFERENCES environments (key) ON DELETE CASCADE,
    key TEXT NOT NULL,
    definition TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (environment, key)
  ) STRICT, WITHOUT ROWID;

  -- The lines of the sync document, byte for byte as sent, written when the change is committed.
  CREATE TABLE lines (
    environment TEXT NOT NULL REFERENCES environments (key) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('flag', 'segment')),
    key TEXT NOT NULL,
    bytes TEXT NOT NULL,
    digest TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (environment, kind, key)
  ) STRICT, WITHOUT ROWID;

  -- Outlives what it tells about, so it refers to nothing.
  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('create', 'update', 'delete')),
    environment TEXT,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    before TEXT,
    after TEXT
  ) STRICT;

  -- Only the SHA-256 of a token is kept. Ids are never used twice: the audit log names them.
  CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('admin', 'read', 'sync')),
    environment TEXT REFERENCES environments (key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    last4 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK ((kind = 'admin') = (environment IS NULL))
  ) STRICT;
  CREATE INDEX tokens_by_environment ON tokens (environment);
)sql";

constexpr std::array<const char*, 1> kSteps{kFirstSchema};

base::Result<std::int64_t> ReadNumber(base::Sqlite& sqlite, std::string_view sql) {
  auto statement = sqlite.Prepare(sql);
  if (!statement) return base::Fail(statement.error());
  auto row = statement->Step();
  if (!row) return base::Fail(row.error());
  return *row ? statement->Int(0) : 0;
}

base::Result<void> CheckApplication(base::Sqlite& sqlite, const std::string& path) {
  auto id = ReadNumber(sqlite, "PRAGMA application_id");
  if (!id) return base::Fail(base::Error::Invalid(path, id.error().what()));
  auto tables = ReadNumber(sqlite, "SELECT count(*) FROM sqlite_schema");
  if (!tables) return base::Fail(base::Error::Invalid(path, tables.error().what()));
  if (*id == kApplicationId || (*id == 0 && *tables == 0)) return {};
  return base::Fail(base::Error::Invalid(
      path, "is a SQLite database, but not one of pennon-store; choose another path"));
}

}  // namespace

std::int64_t SchemaVersion() {
  return static_cast<std::int64_t>(kSteps.size());
}

base::Result<void> Migrate(base::Sqlite& sqlite, const std::string& path) {
  return sqlite.Transaction([&]() -> base::Result<void> {
    auto ours = CheckApplication(sqlite, path);
    if (!ours) return ours;
    auto version = ReadNumber(sqlite, "PRAGMA user_version");
    if (!version) return base::Fail(version.error());
    if (*version > SchemaVersion()) {
      return base::Fail(
          base::Error::Invalid(path, "was written by a newer pennon-store (schema " +
                                         std::to_string(*version) + ", this program knows " +
                                         std::to_string(SchemaVersion()) + "); run that version"));
    }
    for (auto step = static_cast<std::size_t>(*version); step < kSteps.size(); ++step) {
      auto done = sqlite.Execute(kSteps[step]);
      if (!done) return done;
    }
    return sqlite.Execute("PRAGMA application_id = " + std::to_string(kApplicationId) +
                          "; PRAGMA user_version = " + std::to_string(SchemaVersion()));
  });
}

}  // namespace pennon::store
