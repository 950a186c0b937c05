#include "daemon/cache_file.h"

#include <sys/stat.h>

#include <array>
#include <cstdio>

namespace pennon::daemon {
namespace {

using base::Error;
using base::Fail;
using base::Result;
using base::Sqlite;

constexpr std::int64_t kApplicationId = 0x70656e63;  // "penc"
constexpr std::int64_t kFormat = 4;
constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kOthers = 077;

// EXCLUSIVE keeps every other process out and the WAL index in memory; FULL makes a commit durable;
// no memory map, so that an I/O error is an error and not a signal. A container may have no folder
// for temporary files.
constexpr const char* kPragmas =
    "PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA trusted_schema=OFF;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA mmap_size=0;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA journal_size_limit=16777216;";

constexpr const char* kSchema =
    "CREATE TABLE generation (id INTEGER PRIMARY KEY AUTOINCREMENT, epoch INTEGER NOT NULL,"
    " revision INTEGER NOT NULL, set_digest TEXT NOT NULL, validator TEXT NOT NULL,"
    " confirmed_at INTEGER NOT NULL, digest TEXT NOT NULL) STRICT;"
    "CREATE TABLE line (generation INTEGER NOT NULL, kind INTEGER NOT NULL, key TEXT NOT NULL,"
    " bytes TEXT NOT NULL, digest TEXT NOT NULL, kept INTEGER NOT NULL) STRICT;"
    "CREATE INDEX line_by_generation ON line (generation, kind, key);"
    "CREATE TABLE identity (environment TEXT NOT NULL, upstream TEXT NOT NULL) STRICT;";

// What came with format 2; run after kSchema, and on files of format 1.
constexpr const char* kFormat2 =
    "ALTER TABLE generation ADD COLUMN signature TEXT NOT NULL DEFAULT '';"
    "CREATE TABLE mark (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;"
    "CREATE TABLE usage (id TEXT PRIMARY KEY, hour INTEGER NOT NULL, counts TEXT NOT NULL,"
    " evaluations INTEGER NOT NULL, digest TEXT NOT NULL) STRICT;"
    "PRAGMA user_version=2;";

constexpr const char* kFormat3 =
    "CREATE TABLE image (generation TEXT NOT NULL, build TEXT NOT NULL, bytes BLOB NOT NULL,"
    " digest TEXT NOT NULL) STRICT;"
    "PRAGMA user_version=3;";

// What is small stands before the image: SQLite reaches what is behind a blob through all of it.
constexpr const char* kFormat4 =
    "DROP TABLE image;"
    "CREATE TABLE image (generation TEXT NOT NULL, build TEXT NOT NULL, digest TEXT NOT NULL,"
    " bytes BLOB NOT NULL) STRICT;"
    "PRAGMA user_version=4;";

// From format 1 on, each to the next one.
constexpr std::array<const char*, kFormat - 1> kSteps = {kFormat2, kFormat3, kFormat4};

std::string StepsFrom(std::int64_t format) {
  std::string steps;
  for (std::int64_t i = format; i < kFormat; ++i) steps += kSteps[static_cast<std::size_t>(i - 1)];
  return steps;
}

Result<std::int64_t> Number(Sqlite& database, std::string_view sql) {
  auto select = database.Prepare(sql);
  if (!select) return Fail(select.error());
  const auto row = select->Step();
  if (!row) return Fail(row.error());
  return *row ? select->Int(0) : 0;
}

Result<void> Create(Sqlite& database, const CacheOptions& options) {
  return database.Transaction([&]() -> Result<void> {
    auto done = database.Execute(kSchema + StepsFrom(1) +
                                 "PRAGMA application_id=" + std::to_string(kApplicationId));
    if (!done) return done;
    auto insert = database.Prepare("INSERT INTO identity VALUES (?, ?)");
    if (!insert) return Fail(insert.error());
    insert->BindAll(std::string_view(options.environment), std::string_view(options.upstream));
    return insert->Run();
  });
}

Result<void> CheckIdentity(Sqlite& database, const CacheOptions& options) {
  auto select = database.Prepare("SELECT environment, upstream FROM identity");
  if (!select && select.error().code() == base::ErrorCode::kInternal) {
    // "no such table": it is a cache of ours, so its schema was damaged.
    return Fail(Error::Invalid(options.path, select.error().what()));
  }
  if (!select) return Fail(select.error());
  const auto row = select->Step();
  if (!row) return Fail(row.error());
  if (*row && select->Text(0) == options.environment && select->Text(1) == options.upstream) {
    return {};
  }
  return Fail(Error::Invalid(options.path, "holds the flags of environment \"" +
                                               std::string(*row ? select->Text(0) : "") +
                                               "\" from another upstream or environment"));
}

Result<void> Prepare(Sqlite& database, const CacheOptions& options) {
  if (auto pragmas = database.Execute(kPragmas); !pragmas) return pragmas;
  const auto application = Number(database, "PRAGMA application_id");
  const auto format = Number(database, "PRAGMA user_version");
  const auto tables = Number(database, "SELECT count(*) FROM sqlite_schema");
  for (const auto* number : {&application, &format, &tables}) {
    if (!*number) return Fail(number->error());
  }
  if (*tables == 0) return Create(database, options);
  if (application != kApplicationId) {
    return Fail(Error::Invalid(options.path, "is a database, but no cache of pennond"));
  }
  if (!format) return Fail(format.error());
  if (*format >= 1 && *format < kFormat) {
    auto raised = database.Transaction([&] { return database.Execute(StepsFrom(*format)); });
    return raised ? CheckIdentity(database, options) : raised;
  }
  if (*format != kFormat) {
    return Fail(Error::Invalid(options.path, "has cache format " + std::to_string(*format) +
                                                 ", this program reads " +
                                                 std::to_string(kFormat)));
  }
  return CheckIdentity(database, options);
}

// A place that exists and is no regular file is the operator's mistake, not damage.
Result<void> CheckPlace(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || S_ISREG(info.st_mode)) return {};
  return Fail(Error::Conflict(path, "is there and is no regular file; use another cache.path"));
}

// SQLite would make it with the umask's mode, for every user of the host to read. The WAL copies
// the file's mode. mknod, because only SQLite may open this file: closing it lets go of SQLite's
// locks. One that an earlier version made is closed to others; what cannot be done here, SQLite
// says why.
void MakePrivate(const std::string& path) {
  if (::mknod(path.c_str(), S_IFREG | kOwnerOnly, 0) == 0) return;
  for (const char* suffix : {"", "-wal"}) {
    const std::string file = path + suffix;
    struct stat info {};
    const bool is_there = ::lstat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode);
    if (is_there && (info.st_mode & kOthers) != 0) (void)::chmod(file.c_str(), kOwnerOnly);
  }
}

}  // namespace

Result<Sqlite> OpenCacheFile(const CacheOptions& options) {
  if (auto place = CheckPlace(options.path); !place) return Fail(place.error());
  MakePrivate(options.path);
  auto database = Sqlite::Open(options.path, true);
  if (!database) return Fail(database.error());
  auto prepared = Prepare(*database, options);
  if (!prepared) return Fail(prepared.error());
  return std::move(*database);
}

bool IsHeldByAnother(const Error& error) {
  return error.code() == base::ErrorCode::kConflict ||
         error.what().find("database is locked") != std::string::npos;  // SQLite's words
}

void MoveCacheAside(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::rename((path + suffix).c_str(), (path + ".aside" + suffix).c_str());
  }
}

}  // namespace pennon::daemon
