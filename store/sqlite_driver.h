// A store in one SQLite file, owned by one process.
#pragma once

#include <optional>

#include "base/lock_file.h"
#include "base/sqlite.h"
#include "base/text_hash.h"
#include "store/driver.h"

namespace pennon::store {

/// Marks the file as a pennon store (PRAGMA application_id): "PNNS".
inline constexpr std::int64_t kApplicationId = 0x504e4e53;

/// Statements that are kept: to read their text again takes longer than most of them run.
inline constexpr std::size_t kMaxKeptStatements = 100;

/// Holds `<path>.lock` for its lifetime, so no second process can change what this one keeps in
/// memory. WAL with `synchronous=FULL`: an acknowledged change is on disk.
class SqliteDriver final : public Driver {
 public:
  /// kNotFound when there is no file and `create` is false, kConflict when another process has it.
  /// A file that is made has mode 0600; so are missing folders.
  static base::Result<std::unique_ptr<Driver>> Open(const std::string& path, bool create);
  /// For reading beside the process that has it; changes fail.
  static base::Result<std::unique_ptr<Driver>> OpenToRead(const std::string& path);

  [[nodiscard]] const std::string& name() const override { return path_; }
  base::Result<void> Execute(const std::string& script) override;
  base::Result<void> MakeAppendOnly(const std::string& table) override;
  base::Result<std::int64_t> Run(std::string_view sql, std::span<const Parameter> values,
                                 const RowReader& row) override;
  base::Result<void> Transaction(const std::function<base::Result<void>()>& body) override;
  base::Result<void> Snapshot(const std::function<base::Result<void>()>& body) override;
  base::Result<void> Rehearsal(const std::function<base::Result<void>()>& body) override;
  [[nodiscard]] bool IsShared() const override { return false; }
  base::Result<std::int64_t> SchemaVersion() override;
  base::Result<void> SetSchemaVersion(std::int64_t version) override;

 private:
  static base::Result<std::unique_ptr<SqliteDriver>> Connect(const std::string& path,
                                                             std::optional<base::LockFile> lock);
  SqliteDriver(std::string path, std::optional<base::LockFile> lock, base::Sqlite sqlite)
      : path_(std::move(path)), lock_(std::move(lock)), sqlite_(std::move(sqlite)) {}
  base::Result<std::int64_t> Number(const std::string& sql);
  /// A statement that was kept, which is nobody else's until it is kept again, or a new one.
  base::Result<base::SqliteStatement> Take(std::string_view sql);
  void Keep(std::string_view sql, base::SqliteStatement statement);

  std::string path_;
  std::optional<base::LockFile> lock_;
  base::Sqlite sqlite_;
  base::TextMap<std::string, base::SqliteStatement> statements_;  // nobody runs, by their text
};

}  // namespace pennon::store
