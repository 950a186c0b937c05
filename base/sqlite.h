// A thin owner of one SQLite connection: prepared statements, transactions, errors as values.
// It adds no policy; which pragmas a database runs with is said where it is opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_blob;
struct sqlite3_stmt;

namespace pennon::base {

/// A prepared statement. Parameters are numbered from 1, columns from 0; text and blobs that a
/// column returns are valid until the next Step or Reset. Confined to one thread.
class SqliteStatement {
 public:
  SqliteStatement(sqlite3* database, sqlite3_stmt* statement);

  SqliteStatement& Bind(int index, std::string_view text);
  SqliteStatement& Bind(int index, std::int64_t number);
  /// As a blob. The bytes must stay until the statement was run.
  SqliteStatement& Bind(int index, std::span<const std::byte> bytes);
  SqliteStatement& BindNull(int index);
  /// Binds any number of values from parameter 1 on.
  template <typename... T>
  SqliteStatement& BindAll(const T&... values) {
    int index = 0;
    (Bind(++index, values), ...);
    return *this;
  }

  /// True when there is a row.
  Result<bool> Step();
  /// Runs a statement that returns no row and resets it.
  Result<void> Run();
  void Reset();

  [[nodiscard]] std::string_view Text(int column) const;
  [[nodiscard]] std::span<const std::byte> Bytes(int column) const;
  [[nodiscard]] std::int64_t Int(int column) const;
  [[nodiscard]] bool IsNull(int column) const;

 private:
  SqliteStatement& Note(int code);

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  bool is_bound_ = true;  // every parameter that was given
};

/// A blob of a row that is there already, for reading it to where it is to lie: a column of a
/// statement would be a copy of its own. Confined to one thread.
class SqliteBlob {
 public:
  SqliteBlob(sqlite3* database, sqlite3_blob* blob);

  [[nodiscard]] std::size_t size() const;
  /// From its beginning on; `to` has at most its size.
  Result<void> Read(std::span<std::byte> to);

 private:
  struct Close {
    void operator()(sqlite3_blob* blob) const;
  };
  sqlite3* database_;
  std::unique_ptr<sqlite3_blob, Close> blob_;
};

/// One connection. Confined to one thread at a time. Errors: kInvalid when the file is damaged or
/// no database, kConflict for a violated constraint, kUnavailable when another connection holds a
/// lock, kLimit when there is no memory, else kInternal.
class Sqlite {
 public:
  /// Opens `path`, creating it when `create`; "" opens a private temporary database.
  static Result<Sqlite> Open(const std::string& path, bool create);

  Result<SqliteStatement> Prepare(std::string_view sql);
  /// The blob in `column` of the row with this rowid.
  Result<SqliteBlob> OpenBlob(const char* table, const char* column, std::int64_t row);
  /// Runs one or more statements without parameters.
  Result<void> Execute(const std::string& sql);
  /// Runs `body` between BEGIN IMMEDIATE and COMMIT; rolls back when it or the commit fails, or it
  /// throws, also when there is no memory left.
  Result<void> Transaction(const std::function<Result<void>()>& body);
  /// Runs `body` after `begin`; what it did not commit itself is rolled back.
  Result<void> Undone(const std::string& begin, const std::function<Result<void>()>& body);
  /// Rows changed by the last statement.
  [[nodiscard]] std::int64_t Changes() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit Sqlite(sqlite3* database) : database_(database) {}
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace pennon::base
