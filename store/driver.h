// The seam between the store and the database it keeps things in: what SQLite and PostgreSQL have
// to be able to do. SQL is written once, in the words that both understand: parameters are '?'.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace pennon::store {

/// NULL, a whole number or text; the text is the caller's until the call returns.
using Parameter = std::variant<std::monostate, std::int64_t, std::string_view>;

/// One row of a result; columns are numbered from 0, text lives until the reader returns.
class Row {
 public:
  virtual ~Row() = default;
  [[nodiscard]] virtual std::string_view Text(int column) const = 0;
  [[nodiscard]] virtual std::int64_t Int(int column) const = 0;
  [[nodiscard]] virtual bool IsNull(int column) const = 0;
};
using RowReader = std::function<void(const Row&)>;

/// One connection. Confined to one thread at a time. Errors: kConflict for a violated constraint,
/// kUnavailable when trying again may help, kInvalid for a damaged database, else kInternal.
class Driver {
 public:
  virtual ~Driver() = default;

  /// What messages call the database: a path, or an address without the password.
  [[nodiscard]] virtual const std::string& name() const = 0;

  /// Statements of the schema, in the dialect that migrations.cpp is written in.
  virtual base::Result<void> Execute(const std::string& script) = 0;
  /// Makes the rows of a table unchangeable: they can be added and read.
  virtual base::Result<void> MakeAppendOnly(const std::string& table) = 0;
  /// One statement; `row` is called for each row of its result. Returns how many rows changed.
  virtual base::Result<std::int64_t> Run(std::string_view sql, std::span<const Parameter> values,
                                         const RowReader& row) = 0;

  /// Runs `body` in a transaction, and no other writer's at the same time; undone when it fails.
  virtual base::Result<void> Transaction(const std::function<base::Result<void>()>& body) = 0;
  /// Runs `body`, which only reads, on one state of the database. Waits for nobody.
  virtual base::Result<void> Snapshot(const std::function<base::Result<void>()>& body) = 0;
  /// As Transaction, and nothing of it is kept: for looking at what would be.
  virtual base::Result<void> Rehearsal(const std::function<base::Result<void>()>& body) = 0;

  /// Tells the other processes that have the database open to look what is new; they may miss it.
  virtual void Announce() {}

  /// Whether other processes may change the database meanwhile.
  [[nodiscard]] virtual bool IsShared() const = 0;

  /// The number of the schema's last step; 0 for a new database. To be used in a transaction.
  virtual base::Result<std::int64_t> SchemaVersion() = 0;
  virtual base::Result<void> SetSchemaVersion(std::int64_t version) = 0;
};

}  // namespace pennon::store
