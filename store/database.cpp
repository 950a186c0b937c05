#include "store/database.h"

#include "base/digest.h"
#include "store/migrations.h"
#include "store/postgres_driver.h"
#include "store/sqlite_driver.h"

namespace pennon::store {

base::Result<Database> Database::Open(const std::string& location) {
  if (PostgresDriver::IsAddress(location)) return Migrated(PostgresDriver::Open(location));
  return Migrated(SqliteDriver::Open(location, false));
}

base::Result<Database> Database::OpenOrCreate(const std::string& location) {
  if (PostgresDriver::IsAddress(location)) return Migrated(PostgresDriver::Open(location));
  return Migrated(SqliteDriver::Open(location, true));
}

base::Result<Database> Database::OpenToRead(const std::string& location) {
  auto driver = PostgresDriver::IsAddress(location) ? PostgresDriver::Open(location)
                                                    : SqliteDriver::OpenToRead(location);
  if (!driver) return base::Fail(driver.error());
  auto version = (*driver)->SchemaVersion();
  if (!version) return base::Fail(version.error());
  if (*version == store::SchemaVersion()) return Database(*std::move(driver));
  return base::Fail(base::Error::Invalid((*driver)->name(),
                                         "has schema " + std::to_string(*version) + ", expected " +
                                             std::to_string(store::SchemaVersion()) +
                                             "; run: pennon-store migrate"));
}

base::Result<Database> Database::Migrated(base::Result<std::unique_ptr<Driver>> driver) {
  if (!driver) return base::Fail(driver.error());
  if (auto done = Migrate(**driver); !done) return base::Fail(done.error());
  return Database(*std::move(driver));
}

base::Result<bool> Database::IsInitialised() {
  bool found = false;
  auto read = Each("SELECT 1 FROM meta", [&](const Row&) { found = true; });
  if (!read) return base::Fail(read.error());
  return found;
}

base::Result<void> Database::Initialise(std::int64_t now) {
  return Run("INSERT INTO meta (id, store_id, epoch) VALUES (1, ?, ?)", base::RandomToken("", 16),
             now);
}

base::Result<std::int64_t> Database::NextId() {
  std::int64_t id = 0;
  auto done = Each("UPDATE meta SET last_id = last_id + 1 WHERE id = 1 RETURNING last_id",
                   [&](const Row& row) { id = row.Int(0); });
  return done.map([&] { return id; });
}

base::Result<std::uint64_t> Database::NextEpoch(std::int64_t now) {
  std::int64_t epoch = now;
  auto done = Each(
      "UPDATE meta SET epoch = CASE WHEN epoch + 1 > ? THEN epoch + 1 ELSE ? END WHERE id = 1 "
      "RETURNING epoch",
      [&](const Row& row) { epoch = row.Int(0); }, now, now);
  if (!done) return base::Fail(done.error());
  return static_cast<std::uint64_t>(epoch);
}

base::Result<void> Database::Rehearsal(const std::function<base::Result<void>()>& body) {
  if (rehearsing_) return RehearsalWithin(body);
  struct Rehearsing {
    bool& flag;
    ~Rehearsing() { flag = false; }
  } const rehearsing{rehearsing_ = true};
  return driver_->Rehearsal(body);
}

// What was done before it, in the same rehearsal, stays.
base::Result<void> Database::RehearsalWithin(const std::function<base::Result<void>()>& body) {
  if (auto begun = Run("SAVEPOINT within"); !begun) return begun;
  const auto done = body();
  const auto undone = Run("ROLLBACK TO within").and_then([&] { return Run("RELEASE within"); });
  return done ? undone : done;
}

}  // namespace pennon::store
