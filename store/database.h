// The store's database: one SQLite file, owned by one process, opened with the pragmas that make an
// acknowledged change durable. The nouns' SQL is in the files named after them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/lock_file.h"
#include "base/result.h"
#include "base/sqlite.h"

namespace pennon::store {

/// Movable; confined to one thread at a time. Holds `<path>.lock` for its lifetime, so no second
/// process can change what this one keeps in memory.
class Database {
 public:
  /// Opens a database that exists and migrates it to this program's schema. kNotFound when there
  /// is none, kConflict when another process has it.
  static base::Result<Database> Open(const std::string& path);
  /// The same, but makes the file (mode 0600) and its folder when they are missing.
  static base::Result<Database> OpenOrCreate(const std::string& path);

  /// True once `pennon-store init` has completed.
  base::Result<bool> IsInitialised();
  /// Writes the store's identity. `now` in UTC milliseconds. To be run in a transaction, once.
  base::Result<void> Initialise(std::int64_t now);
  /// A new epoch: max(highest ever given + 1, now). To be run in a transaction.
  base::Result<std::uint64_t> NextEpoch(std::int64_t now);

  base::Result<void> Transaction(const std::function<base::Result<void>()>& body) {
    return sqlite_.Transaction(body);
  }

  /// Runs one statement that returns no rows, with `values` as its parameters: text, whole
  /// numbers, and optional text for NULL.
  template <typename... T>
  base::Result<void> Run(std::string_view sql, const T&... values) {
    auto statement = sqlite_.Prepare(sql);
    if (!statement) return base::Fail(statement.error());
    BindAll(*statement, values...);
    return statement->Run();
  }

  /// Runs a query and calls `row(statement)` for each row; the columns' text lives until it
  /// returns.
  template <typename Row, typename... T>
  base::Result<void> Each(std::string_view sql, const Row& row, const T&... values) {
    auto statement = sqlite_.Prepare(sql);
    if (!statement) return base::Fail(statement.error());
    BindAll(*statement, values...);
    while (true) {
      auto more = statement->Step();
      if (!more) return base::Fail(more.error());
      if (!*more) return {};
      row(*statement);
    }
  }

  /// Rows that the last Run changed.
  [[nodiscard]] std::int64_t Changes() const { return sqlite_.Changes(); }

 private:
  Database(base::LockFile lock, base::Sqlite sqlite)
      : lock_(std::move(lock)), sqlite_(std::move(sqlite)) {}
  static base::Result<Database> OpenLocked(const std::string& path);

  static void BindOne(base::SqliteStatement& statement, int index, std::string_view text) {
    statement.Bind(index, text);
  }
  static void BindOne(base::SqliteStatement& statement, int index, std::int64_t number) {
    statement.Bind(index, number);
  }
  static void BindOne(base::SqliteStatement& statement, int index, std::uint64_t number) {
    statement.Bind(index, static_cast<std::int64_t>(number));
  }
  static void BindOne(base::SqliteStatement& statement, int index,
                      const std::optional<std::string>& text) {
    if (text) {
      statement.Bind(index, std::string_view(*text));
    } else {
      statement.BindNull(index);
    }
  }
  static void BindOne(base::SqliteStatement& statement, int index, const std::string& text) {
    statement.Bind(index, std::string_view(text));
  }
  template <typename... T>
  static void BindAll(base::SqliteStatement& statement, const T&... values) {
    int index = 0;
    (BindOne(statement, ++index, values), ...);
  }

  base::LockFile lock_;
  base::Sqlite sqlite_;
};

}  // namespace pennon::store
