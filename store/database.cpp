#include "store/database.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/digest.h"
#include "store/migrations.h"

namespace pennon::store {
namespace {

// SQLite would create it with the umask's mode. WAL and shared memory copy the file's mode.
base::Result<void> CreatePrivateFile(const std::string& path) {
  std::error_code error;
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) {
    return base::Fail(
        base::Error::Internal(folder.string(), "cannot create the folder: " + error.message()));
  }
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) {
    ::close(fd);
  } else if (errno != EEXIST) {
    return base::Fail(base::Error::Internal(
        path, std::string("cannot create the database: ") + std::strerror(errno)));
  }
  return {};
}

base::Result<base::LockFile> Own(const std::string& path) {
  auto lock = base::LockFile::Acquire(path + ".lock");
  if (lock || lock.error().code() != base::ErrorCode::kConflict) return lock;
  return base::Fail(base::Error::Conflict(
      path, lock.error().what() +
                ". While \"pennon-store serve\" runs, changes go through its API, for example "
                "POST /api/v1/environments/{environment}/import"));
}

}  // namespace

base::Result<Database> Database::OpenOrCreate(const std::string& path) {
  auto made = CreatePrivateFile(path);
  if (!made) return base::Fail(made.error());
  return OpenLocked(path);
}

base::Result<Database> Database::Open(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return base::Fail(base::Error::NotFound(
        path,
        "there is no database here; create it with: pennon-store init --database-path " + path));
  }
  return OpenLocked(path);
}

base::Result<Database> Database::OpenLocked(const std::string& path) {
  auto lock = Own(path);
  if (!lock) return base::Fail(lock.error());
  auto sqlite = base::Sqlite::Open(path, false);
  if (!sqlite) return base::Fail(sqlite.error());
  auto ready =
      sqlite->Execute("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")
          .and_then([&] { return Migrate(*sqlite, path); })
          .and_then([&] {
            return sqlite->Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
          });
  if (!ready) {
    const base::Error& error = ready.error();
    return base::Fail(error.where() == path ? error : base::Error::Internal(path, error.what()));
  }
  return Database(*std::move(lock), *std::move(sqlite));
}

base::Result<bool> Database::IsInitialised() {
  bool found = false;
  auto read = Each("SELECT 1 FROM meta", [&](const base::SqliteStatement&) { found = true; });
  if (!read) return base::Fail(read.error());
  return found;
}

base::Result<void> Database::Initialise(std::int64_t now) {
  return Run("INSERT INTO meta (id, store_id, epoch) VALUES (1, ?, ?)", base::RandomToken("", 16),
             now);
}

base::Result<std::uint64_t> Database::NextEpoch(std::int64_t now) {
  std::int64_t epoch = now;
  auto done = Each(
      "UPDATE meta SET epoch = max(epoch + 1, ?) WHERE id = 1 RETURNING epoch",
      [&](const base::SqliteStatement& row) { epoch = row.Int(0); }, now);
  if (!done) return base::Fail(done.error());
  return static_cast<std::uint64_t>(epoch);
}

}  // namespace pennon::store
