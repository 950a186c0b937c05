#include "store/environments.h"

namespace pennon::store {
namespace {

constexpr std::string_view kSelect =
    "SELECT key, name, epoch, revision, created_at, version, protected FROM environments";

Environment FromRow(const Row& row) {
  Environment environment;
  environment.key = row.Text(0);
  environment.name = row.Text(1);
  environment.epoch = static_cast<std::uint64_t>(row.Int(2));
  environment.revision = static_cast<std::uint64_t>(row.Int(3));
  environment.created_at = row.Int(4);
  environment.version = row.Int(5);
  environment.is_protected = row.Int(6) != 0;
  return environment;
}

}  // namespace

base::Result<std::optional<Environment>> Environments::Find(const std::string& key) {
  std::optional<Environment> found;
  auto read = database_.Each(
      std::string(kSelect) + " WHERE key = ?", [&](const Row& row) { found = FromRow(row); }, key);
  if (!read) return base::Fail(read.error());
  return found;
}

base::Result<Environment> Environments::Get(const std::string& key) {
  auto found = Find(key);
  if (!found) return base::Fail(found.error());
  if (!*found) {
    return base::Fail(base::Error::NotFound("environments." + key, "there is no such environment"));
  }
  return **std::move(found);
}

base::Result<std::vector<Environment>> Environments::All() {
  std::vector<Environment> all;
  auto read = database_.Each(std::string(kSelect) + " ORDER BY key",
                             [&](const Row& row) { all.push_back(FromRow(row)); });
  if (!read) return base::Fail(read.error());
  return all;
}

base::Result<void> Environments::Insert(const Environment& environment) {
  return database_.Run(
      "INSERT INTO environments (key, name, epoch, revision, created_at, version, protected) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      environment.key, environment.name, environment.epoch, environment.revision,
      environment.created_at, environment.version, std::int64_t{environment.is_protected});
}

base::Result<void> Environments::SetSettings(const Environment& environment) {
  return database_.Run("UPDATE environments SET name = ?, protected = ?, version = ? WHERE key = ?",
                       environment.name, std::int64_t{environment.is_protected},
                       environment.version, environment.key);
}

base::Result<void> Environments::SetRevision(const std::string& key, std::uint64_t revision) {
  return database_.Run("UPDATE environments SET revision = ? WHERE key = ?", revision, key);
}

base::Result<void> Environments::Delete(const std::string& key) {
  return database_.Run("DELETE FROM environments WHERE key = ?", key);
}

}  // namespace pennon::store
