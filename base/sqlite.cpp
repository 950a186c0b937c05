#include "base/sqlite.h"

#include <sqlite3.h>

#include <new>

namespace pennon::base {
namespace {

Error FromSqlite(sqlite3* database, std::string_view where) {
  const std::string what = sqlite3_errmsg(database);
  switch (sqlite3_errcode(database) & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error::Invalid(where, what);
    case SQLITE_CONSTRAINT:
      return Error::Conflict(where, what);
    case SQLITE_NOMEM:
      return Error::NoMemory(where, what);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:      // the disk
    case SQLITE_IOERR:     // may be a quota, or a disk that comes back
    case SQLITE_READONLY:  // a file system that was remounted
      return Error::Unavailable(where, what);
    default:
      return Error::Internal(where, what);
  }
}

// Columns have no other way to say so, and "" would be another value.
void CheckMemory(sqlite3* database, const void* column) {
  if (column == nullptr && sqlite3_errcode(database) == SQLITE_NOMEM) throw std::bad_alloc();
}

// Rolls back what no commit has ended when it goes, prepared before anything is begun: there may be
// no memory for it then. A transaction that stays open takes with it all that comes after it.
class RollBackAtEnd {
 public:
  explicit RollBackAtEnd(sqlite3* database) : database_(database) {
    sqlite3_prepare_v2(database, "ROLLBACK", -1, &rollback_, nullptr);
  }
  ~RollBackAtEnd() {
    if (sqlite3_get_autocommit(database_) == 0) sqlite3_step(rollback_);
    sqlite3_finalize(rollback_);
  }
  RollBackAtEnd(const RollBackAtEnd&) = delete;
  RollBackAtEnd& operator=(const RollBackAtEnd&) = delete;

  [[nodiscard]] bool is_prepared() const { return rollback_ != nullptr; }

 private:
  sqlite3* database_;
  sqlite3_stmt* rollback_ = nullptr;
};

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteStatement::SqliteStatement(sqlite3* database, sqlite3_stmt* statement)
    : database_(database), statement_(statement) {}

SqliteStatement& SqliteStatement::Bind(int index, std::string_view text) {
  return Note(sqlite3_bind_text64(statement_.get(), index,
                                  text.data() == nullptr ? "" : text.data(), text.size(),
                                  SQLITE_TRANSIENT, SQLITE_UTF8));
}
SqliteStatement& SqliteStatement::Bind(int index, std::int64_t number) {
  return Note(sqlite3_bind_int64(statement_.get(), index, number));
}
SqliteStatement& SqliteStatement::Bind(int index, std::span<const std::byte> bytes) {
  return Note(
      sqlite3_bind_blob64(statement_.get(), index, bytes.data(), bytes.size(), SQLITE_STATIC));
}
SqliteStatement& SqliteStatement::BindNull(int index) {
  return Note(sqlite3_bind_null(statement_.get(), index));
}
SqliteStatement& SqliteStatement::Note(int code) {
  if (code != SQLITE_OK) is_bound_ = false;
  return *this;
}

Result<bool> SqliteStatement::Step() {
  // A parameter that was not bound is NULL, which would be another statement.
  if (!is_bound_) return Fail(Error::Internal("sqlite", "a parameter cannot be bound"));
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return Fail(FromSqlite(database_, "sqlite"));
}

Result<void> SqliteStatement::Run() {
  auto stepped = Step();
  Reset();
  if (!stepped) return Fail(stepped.error());
  return {};
}

void SqliteStatement::Reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  is_bound_ = true;
}

std::string_view SqliteStatement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  CheckMemory(database_, text);
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}
std::span<const std::byte> SqliteStatement::Bytes(int column) const {
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column));
  CheckMemory(database_, bytes);
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}
std::int64_t SqliteStatement::Int(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}
bool SqliteStatement::IsNull(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void SqliteBlob::Close::operator()(sqlite3_blob* blob) const {
  sqlite3_blob_close(blob);
}

SqliteBlob::SqliteBlob(sqlite3* database, sqlite3_blob* blob) : database_(database), blob_(blob) {}

std::size_t SqliteBlob::size() const {
  return static_cast<std::size_t>(sqlite3_blob_bytes(blob_.get()));
}

Result<void> SqliteBlob::Read(std::span<std::byte> to) {
  if (sqlite3_blob_read(blob_.get(), to.data(), static_cast<int>(to.size()), 0) != SQLITE_OK) {
    return Fail(FromSqlite(database_, "sqlite"));
  }
  return {};
}

void Sqlite::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

Result<Sqlite> Sqlite::Open(const std::string& path, bool create) {
  sqlite3* database = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  Sqlite opened(database);
  if (code != SQLITE_OK) {
    return Fail(Error::Internal(
        path, std::string("cannot open: ") +
                  (database == nullptr ? "out of memory" : sqlite3_errmsg(database))));
  }
  sqlite3_busy_timeout(database, 5000);
  return opened;
}

Result<SqliteStatement> Sqlite::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &statement,
                         nullptr) != SQLITE_OK) {
    return Fail(FromSqlite(database_.get(), sql));
  }
  return SqliteStatement(database_.get(), statement);
}

Result<SqliteBlob> Sqlite::OpenBlob(const char* table, const char* column, std::int64_t row) {
  sqlite3_blob* blob = nullptr;
  if (sqlite3_blob_open(database_.get(), "main", table, column, row, 0, &blob) != SQLITE_OK) {
    return Fail(FromSqlite(database_.get(), table));
  }
  return SqliteBlob(database_.get(), blob);
}

Result<void> Sqlite::Execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return Fail(FromSqlite(database_.get(), sql));
  }
  return {};
}

Result<void> Sqlite::Transaction(const std::function<Result<void>()>& body) {
  return Undone("BEGIN IMMEDIATE", [&] {
    auto done = body();
    return done ? Execute("COMMIT") : done;
  });
}

Result<void> Sqlite::Undone(const std::string& begin, const std::function<Result<void>()>& body) {
  const RollBackAtEnd at_end(database_.get());
  if (!at_end.is_prepared()) return Fail(FromSqlite(database_.get(), begin));
  auto begun = Execute(begin);
  return begun ? body() : begun;
}

std::int64_t Sqlite::Changes() const {
  return sqlite3_changes64(database_.get());
}

}  // namespace pennon::base
