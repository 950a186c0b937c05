// The schema, in SQLite's dialect; store/postgres_driver.cpp translates it. A step that has been
// released is never edited: a change is a new step at the end.
#include "store/migrations.h"

#include <algorithm>
#include <array>

#include "store/audit_chain.h"

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

// The audit log becomes the history: each entry is a version of what it is about, and holds the
// hash of itself and of the one before it.
constexpr const char* kHistory = R"sql(
  ALTER TABLE meta ADD COLUMN audit_sequence INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE meta ADD COLUMN token_version INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE meta ADD COLUMN audit_hash TEXT NOT NULL DEFAULT '';
  ALTER TABLE environments ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE flags ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE flag_configs ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE segments ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE audit ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE audit ADD COLUMN comment TEXT NOT NULL DEFAULT '';
  ALTER TABLE audit ADD COLUMN request TEXT NOT NULL DEFAULT '';
  ALTER TABLE audit ADD COLUMN hash TEXT NOT NULL DEFAULT '';
  CREATE INDEX audit_by_subject ON audit (kind, key, environment, version);
  UPDATE audit SET version = (
    SELECT count(*) FROM audit AS earlier
    WHERE earlier.kind = audit.kind AND earlier.key = audit.key
      AND earlier.environment IS NOT DISTINCT FROM audit.environment AND earlier.seq <= audit.seq);
  UPDATE flags SET version = coalesce((
    SELECT max(version) FROM audit WHERE audit.kind = 'flag' AND audit.key = flags.key), 1);
  UPDATE flag_configs SET version = coalesce((
    SELECT max(version) FROM audit WHERE audit.kind = 'config' AND audit.key = flag_configs.flag
      AND audit.environment = flag_configs.environment), 1);
  UPDATE segments SET version = coalesce((
    SELECT max(version) FROM audit WHERE audit.kind = 'segment' AND audit.key = segments.key
      AND audit.environment = segments.environment), 1);
  UPDATE environments SET version = coalesce((
    SELECT max(version) FROM audit WHERE audit.kind = 'environment'
      AND audit.key = environments.key), 1);
)sql";

// Ids are given by the store itself, so that both databases give the same. Tokens of the API have a
// role, and may end; what daemons report; changes that wait for their time.
constexpr const char* kOperations = R"sql(
  ALTER TABLE meta ADD COLUMN last_id INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE tokens_next (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('admin', 'editor', 'viewer', 'read', 'client', 'sync')),
    environment TEXT REFERENCES environments (key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    last4 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    CHECK (kind IN ('admin', 'editor', 'viewer') OR environment IS NOT NULL)
  ) STRICT;
  INSERT INTO tokens_next (id, kind, environment, name, hash, last4, created_at)
    SELECT id, kind, environment, name, hash, last4, created_at FROM tokens;
  DROP TABLE tokens;
  ALTER TABLE tokens_next RENAME TO tokens;
  CREATE INDEX tokens_by_environment ON tokens (environment);
  UPDATE meta SET last_id = (
    SELECT coalesce(max(CAST(key AS INTEGER)), 0) FROM audit WHERE kind = 'token');

  -- The last report of each daemon.
  CREATE TABLE daemons (
    environment TEXT NOT NULL REFERENCES environments (key) ON DELETE CASCADE,
    instance TEXT NOT NULL,
    host TEXT NOT NULL,
    version TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    refused TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (environment, instance)
  ) STRICT, WITHOUT ROWID;

  -- Evaluations in the hour that begins at `hour`. Flags come and go; what was counted stays.
  CREATE TABLE usage (
    environment TEXT NOT NULL REFERENCES environments (key) ON DELETE CASCADE,
    flag TEXT NOT NULL,
    variant TEXT NOT NULL,
    hour INTEGER NOT NULL,
    evaluations INTEGER NOT NULL,
    PRIMARY KEY (environment, flag, hour, variant)
  ) STRICT, WITHOUT ROWID;

  -- Batches of usage that were counted: a daemon that got no answer sends them again.
  CREATE TABLE usage_batches (
    environment TEXT NOT NULL REFERENCES environments (key) ON DELETE CASCADE,
    id TEXT NOT NULL,
    counted_at INTEGER NOT NULL,
    PRIMARY KEY (environment, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX usage_batches_by_age ON usage_batches (counted_at);

  CREATE TABLE schedules (
    id INTEGER PRIMARY KEY,
    environment TEXT NOT NULL REFERENCES environments (key) ON DELETE CASCADE,
    flag TEXT NOT NULL REFERENCES flags (key) ON DELETE CASCADE,
    due_at INTEGER NOT NULL,
    document TEXT NOT NULL,
    actor TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'applied', 'failed', 'cancelled')),
    outcome TEXT NOT NULL
  ) STRICT;
  CREATE INDEX schedules_due ON schedules (state, due_at);
)sql";

// People, and what each of them may do; answers that were given to creations, for those who ask
// again because they did not get them.
constexpr const char* kPeople = R"sql(
  CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('none', 'viewer', 'editor', 'admin')),
    password TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE user_roles (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    environment TEXT NOT NULL REFERENCES environments (key) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('none', 'viewer', 'editor', 'admin')),
    PRIMARY KEY (user_id, environment)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX sessions_by_user ON sessions (user_id);
  CREATE TABLE invitations (
    user_id INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hash TEXT NOT NULL UNIQUE,
    expires_at INTEGER NOT NULL
  ) STRICT;

  -- Keys of flags in the set in force that the daemon cannot evaluate, as a JSON array.
  ALTER TABLE daemons ADD COLUMN quarantined TEXT NOT NULL DEFAULT '[]';

  CREATE TABLE replies (
    actor TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    digest TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    location TEXT NOT NULL,
    entity_version INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (actor, idempotency_key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX replies_by_age ON replies (made_at);
)sql";

constexpr const char* kProtection =
    "ALTER TABLE environments ADD COLUMN protected INTEGER NOT NULL DEFAULT 0";

// Why it was answered so: "" for what was counted before.
constexpr const char* kUsageReasons = R"sql(
  CREATE TABLE usage_by_reason (
    environment TEXT NOT NULL REFERENCES environments (key) ON DELETE CASCADE,
    flag TEXT NOT NULL,
    variant TEXT NOT NULL,
    reason TEXT NOT NULL,
    hour INTEGER NOT NULL,
    evaluations INTEGER NOT NULL,
    PRIMARY KEY (environment, flag, hour, variant, reason)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO usage_by_reason (environment, flag, variant, reason, hour, evaluations)
    SELECT environment, flag, variant, '', hour, evaluations FROM usage;
  DROP TABLE usage;
  ALTER TABLE usage_by_reason RENAME TO usage;
)sql";

// What is forgotten by age is found without reading all that is kept.
constexpr const char* kReportAges = R"sql(
  CREATE INDEX usage_by_age ON usage (hour);
  CREATE INDEX daemons_by_age ON daemons (environment, seen_at);
)sql";

base::Result<void> WriteReportAges(Driver& driver) {
  return driver.Execute(kReportAges);
}

base::Result<void> WriteUsageReasons(Driver& driver) {
  return driver.Execute(kUsageReasons);
}

base::Result<void> WriteProtection(Driver& driver) {
  return driver.Execute(kProtection);
}

base::Result<void> WritePeople(Driver& driver) {
  return driver.Execute(kPeople);
}

base::Result<void> WriteOperations(Driver& driver) {
  return driver.Execute(kOperations);
}

base::Result<void> WriteFirstSchema(Driver& driver) {
  return driver.Execute(kFirstSchema);
}

base::Result<void> WriteHistory(Driver& driver) {
  return driver.Execute(kHistory).and_then([&] { return ChainAudit(driver); }).and_then([&] {
    return driver.MakeAppendOnly("audit");
  });
}

using Step = base::Result<void> (*)(Driver&);
constexpr std::array<Step, 7> kSteps{WriteFirstSchema, WriteHistory,    WriteOperations,
                                     WritePeople,      WriteProtection, WriteUsageReasons,
                                     WriteReportAges};

}  // namespace

std::int64_t SchemaVersion() {
  return static_cast<std::int64_t>(kSteps.size());
}

base::Result<void> Migrate(Driver& driver, std::int64_t last) {
  return driver.Transaction([&]() -> base::Result<void> {
    auto version = driver.SchemaVersion();
    if (!version) return base::Fail(version.error());
    if (*version > SchemaVersion()) {
      return base::Fail(base::Error::Invalid(
          driver.name(), "was written by a newer pennon-store (schema " + std::to_string(*version) +
                             ", this program knows " + std::to_string(SchemaVersion()) +
                             "); run that version"));
    }
    for (auto step = static_cast<std::size_t>(*version); step < static_cast<std::size_t>(last);
         ++step) {
      if (auto done = kSteps[step](driver); !done) return done;
    }
    return driver.SetSchemaVersion(std::max(*version, last));
  });
}

}  // namespace pennon::store
