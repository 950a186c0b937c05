// The store's database: opened, brought to this program's schema, and asked. The nouns' SQL is in
// the files named after them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "store/driver.h"

namespace pennon::store {

/// Movable; confined to one thread at a time.
class Database {
 public:
  /// `location` is the path of a SQLite file or `postgres://…`. Opens a database that exists and
  /// migrates it to this program's schema. kNotFound when there is none, kConflict when another
  /// process has the file.
  static base::Result<Database> Open(const std::string& location);
  /// The same, but makes the file when it is missing. A PostgreSQL database has to exist.
  static base::Result<Database> OpenOrCreate(const std::string& location);
  /// For reading, also while a store serves it. Has to be of this program's schema.
  static base::Result<Database> OpenToRead(const std::string& location);

  [[nodiscard]] bool IsShared() const { return driver_->IsShared(); }
  [[nodiscard]] const std::string& name() const { return driver_->name(); }

  /// True once `pennon-store init` has completed.
  base::Result<bool> IsInitialised();
  /// Writes the store's identity. `now` in UTC milliseconds. To be run in a transaction, once.
  base::Result<void> Initialise(std::int64_t now);
  /// A number that was never given before, for what has no key. To be run in a transaction.
  base::Result<std::int64_t> NextId();
  /// A new epoch: max(highest ever given + 1, now). To be run in a transaction.
  base::Result<std::uint64_t> NextEpoch(std::int64_t now);

  /// See Driver. A transaction inside of a rehearsal is part of it, and so is another rehearsal.
  base::Result<void> Transaction(const std::function<base::Result<void>()>& body) {
    return rehearsing_ ? body() : driver_->Transaction(body);
  }
  void Announce() {
    if (!rehearsing_) driver_->Announce();
  }
  base::Result<void> Snapshot(const std::function<base::Result<void>()>& body) {
    return driver_->Snapshot(body);
  }
  base::Result<void> Rehearsal(const std::function<base::Result<void>()>& body);

  /// Runs one statement that returns no rows, with `values` as its parameters: text, whole
  /// numbers, and optional text for NULL. Returns how many rows it changed.
  template <typename... T>
  base::Result<std::int64_t> Change(std::string_view sql, const T&... values) {
    const std::array<Parameter, sizeof...(T)> parameters{ParameterOf(values)...};
    return driver_->Run(sql, parameters, {});
  }
  template <typename... T>
  base::Result<void> Run(std::string_view sql, const T&... values) {
    return Change(sql, values...).map([](std::int64_t) {});
  }

  base::Result<void> RunWith(std::string_view sql, std::span<const Parameter> values) {
    return driver_->Run(sql, values, {}).map([](std::int64_t) {});
  }
  /// Runs a query and calls `row(const Row&)` for each row.
  template <typename... T>
  base::Result<void> Each(std::string_view sql, const RowReader& row, const T&... values) {
    const std::array<Parameter, sizeof...(T)> parameters{ParameterOf(values)...};
    return driver_->Run(sql, parameters, row).map([](std::int64_t) {});
  }

 private:
  explicit Database(std::unique_ptr<Driver> driver) : driver_(std::move(driver)) {}
  base::Result<void> RehearsalWithin(const std::function<base::Result<void>()>& body);
  static base::Result<Database> Migrated(base::Result<std::unique_ptr<Driver>> driver);

  static Parameter ParameterOf(std::string_view text) { return text; }
  static Parameter ParameterOf(std::int64_t number) { return number; }
  static Parameter ParameterOf(std::uint64_t number) { return static_cast<std::int64_t>(number); }
  static Parameter ParameterOf(const std::optional<std::string>& text) {
    if (!text) return std::monostate();
    return std::string_view(*text);
  }
  static Parameter ParameterOf(const std::optional<std::int64_t>& number) {
    return number ? Parameter(*number) : Parameter(std::monostate());
  }
  static Parameter ParameterOf(const std::string& text) { return std::string_view(text); }

  std::unique_ptr<Driver> driver_;
  bool rehearsing_ = false;
};

}  // namespace pennon::store
