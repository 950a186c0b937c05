#include "store/sqlite_driver.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

// SQLite would create it with the umask's mode. WAL and shared memory copy the file's mode.
Result<void> CreatePrivateFile(const std::string& path) {
  std::error_code error;
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) {
    return Fail(Error::Internal(folder.string(), "cannot create the folder: " + error.message()));
  }
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) {
    ::close(fd);
  } else if (errno != EEXIST) {
    return Fail(
        Error::Internal(path, std::string("cannot create the database: ") + std::strerror(errno)));
  }
  return {};
}

Result<void> CheckExists(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) return {};
  return Fail(Error::NotFound(
      path, "there is no database here; create it with: pennon-store init --database " + path));
}

Result<base::LockFile> Own(const std::string& path) {
  auto lock = base::LockFile::Acquire(path + ".lock");
  if (lock || lock.error().code() != base::ErrorCode::kConflict) return lock;
  return Fail(
      Error::Conflict(path, lock.error().what() +
                                ". While \"pennon-store serve\" runs, changes go through its API, "
                                "for example POST /api/v1/environments/{environment}/import"));
}

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(const base::SqliteStatement& statement) : statement_(statement) {}
  [[nodiscard]] std::string_view Text(int column) const override { return statement_.Text(column); }
  [[nodiscard]] std::int64_t Int(int column) const override { return statement_.Int(column); }
  [[nodiscard]] bool IsNull(int column) const override { return statement_.IsNull(column); }

 private:
  const base::SqliteStatement& statement_;
};

struct Bind {
  base::SqliteStatement& statement;
  int index;
  void operator()(std::monostate) const { statement.BindNull(index); }
  void operator()(std::int64_t number) const { statement.Bind(index, number); }
  void operator()(std::string_view text) const { statement.Bind(index, text); }
};

}  // namespace

Result<std::unique_ptr<SqliteDriver>> SqliteDriver::Connect(const std::string& path,
                                                            std::optional<base::LockFile> lock) {
  auto sqlite = base::Sqlite::Open(path, false);
  if (!sqlite) return Fail(sqlite.error());
  std::unique_ptr<SqliteDriver> driver(new SqliteDriver(path, std::move(lock), *std::move(sqlite)));
  auto id = driver->Number("PRAGMA application_id");
  if (!id) return Fail(Error::Invalid(path, id.error().what()));
  auto tables = driver->Number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return Fail(Error::Invalid(path, tables.error().what()));
  if (*id != kApplicationId && (*id != 0 || *tables != 0)) {
    return Fail(Error::Invalid(
        path, "is a SQLite database, but not one of pennon-store; choose another path"));
  }
  return driver;
}

// A container may have no folder for the temporary files of what is sorted.
Result<std::unique_ptr<Driver>> SqliteDriver::Open(const std::string& path, bool create) {
  auto there = create ? CreatePrivateFile(path) : CheckExists(path);
  if (!there) return Fail(there.error());
  auto lock = Own(path);
  if (!lock) return Fail(lock.error());
  auto driver = Connect(path, *std::move(lock));
  if (!driver) return Fail(driver.error());
  auto ready = (*driver)->Execute(
      "PRAGMA application_id = " + std::to_string(kApplicationId) +
      "; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA journal_mode = WAL; "
      "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;");
  if (!ready) return Fail(Error::Internal(path, ready.error().what()));
  return *std::move(driver);
}

Result<std::unique_ptr<Driver>> SqliteDriver::OpenToRead(const std::string& path) {
  if (auto there = CheckExists(path); !there) return Fail(there.error());
  auto driver = Connect(path, std::nullopt);
  if (!driver) return Fail(driver.error());
  auto ready = (*driver)->Execute(
      "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;");
  if (!ready) return Fail(Error::Internal(path, ready.error().what()));
  return *std::move(driver);
}

Result<void> SqliteDriver::Execute(const std::string& script) {
  return sqlite_.Execute(script);
}

Result<void> SqliteDriver::MakeAppendOnly(const std::string& table) {
  const auto forbid = [&](const std::string& what) {
    return "CREATE TRIGGER " + table + "_no_" + what + " BEFORE " + what + " ON " + table +
           " BEGIN SELECT RAISE(ABORT, '" + table + " is append-only'); END;";
  };
  return sqlite_.Execute(forbid("update") + forbid("delete"));
}

Result<std::int64_t> SqliteDriver::Run(std::string_view sql, std::span<const Parameter> values,
                                       const RowReader& row) {
  auto statement = Take(sql);
  if (!statement) return Fail(statement.error());
  int index = 0;
  for (const Parameter& value : values) std::visit(Bind{*statement, ++index}, value);
  while (true) {
    auto more = statement->Step();
    if (!more) return Fail(more.error());
    if (!*more) break;
    if (row) row(SqliteRow(*statement));
  }
  const std::int64_t changes = sqlite_.Changes();
  Keep(sql, *std::move(statement));
  return changes;
}

Result<base::SqliteStatement> SqliteDriver::Take(std::string_view sql) {
  const auto kept = statements_.find(sql);
  if (kept == statements_.end()) return sqlite_.Prepare(sql);
  auto statement = std::move(kept->second);
  statements_.erase(kept);
  return statement;
}

void SqliteDriver::Keep(std::string_view sql, base::SqliteStatement statement) {
  statement.Reset();
  if (statements_.size() >= kMaxKeptStatements) statements_.clear();
  statements_.insert_or_assign(std::string(sql), std::move(statement));
}

Result<void> SqliteDriver::Transaction(const std::function<Result<void>()>& body) {
  return sqlite_.Transaction(body);
}

Result<void> SqliteDriver::Snapshot(const std::function<Result<void>()>& body) {
  return sqlite_.Undone("BEGIN", body);
}

Result<void> SqliteDriver::Rehearsal(const std::function<Result<void>()>& body) {
  return sqlite_.Undone("BEGIN IMMEDIATE", body);
}

Result<std::int64_t> SqliteDriver::Number(const std::string& sql) {
  std::int64_t number = 0;
  auto read = Run(sql, {}, [&](const Row& row) { number = row.Int(0); });
  return read.map([&](std::int64_t) { return number; });
}

Result<std::int64_t> SqliteDriver::SchemaVersion() {
  return Number("PRAGMA user_version");
}

Result<void> SqliteDriver::SetSchemaVersion(std::int64_t version) {
  return sqlite_.Execute("PRAGMA user_version = " + std::to_string(version));
}

}  // namespace pennon::store
