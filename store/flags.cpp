#include "store/flags.h"

#include "store/definition.h"

namespace pennon::store {
namespace {

constexpr std::string_view kSelect = "SELECT key, definition, created_at, updated_at FROM flags";

// Reads rows until one is damaged; the first error is kept.
class FlagRows {
 public:
  void operator()(const base::SqliteStatement& row) {
    FlagRecord flag;
    flag.key = row.Text(0);
    auto definition = ReadStored("flags." + flag.key, row.Text(1));
    if (!definition) {
      if (!error_) error_ = definition.error();
      return;
    }
    flag.definition = *std::move(definition);
    flag.created_at = row.Int(2);
    flag.updated_at = row.Int(3);
    flags_.push_back(std::move(flag));
  }

  base::Result<std::vector<FlagRecord>> Take(const base::Result<void>& read) {
    if (!read) return base::Fail(read.error());
    if (error_) return base::Fail(*error_);
    return std::move(flags_);
  }

 private:
  std::vector<FlagRecord> flags_;
  std::optional<base::Error> error_;
};

}  // namespace

base::Result<std::optional<FlagRecord>> Flags::Find(const std::string& key) {
  FlagRows rows;
  const std::string sql = std::string(kSelect) + " WHERE key = ?";
  auto found = rows.Take(database_.Each(sql, std::ref(rows), key));
  if (!found) return base::Fail(found.error());
  if (found->empty()) return std::nullopt;
  return std::move(found->front());
}

base::Result<FlagRecord> Flags::Get(const std::string& key) {
  auto found = Find(key);
  if (!found) return base::Fail(found.error());
  if (!*found) return base::Fail(base::Error::NotFound("flags." + key, "there is no such flag"));
  return **std::move(found);
}

base::Result<std::vector<FlagRecord>> Flags::All() {
  FlagRows rows;
  return rows.Take(database_.Each(std::string(kSelect) + " ORDER BY key", std::ref(rows)));
}

base::Result<void> Flags::Put(const FlagRecord& flag) {
  return database_.Run(
      "INSERT INTO flags (key, definition, created_at, updated_at) VALUES (?, ?, ?, ?) "
      "ON CONFLICT (key) DO UPDATE SET definition = excluded.definition, "
      "updated_at = excluded.updated_at",
      flag.key, JsonText(flag.definition), flag.created_at, flag.updated_at);
}

base::Result<void> Flags::Delete(const std::string& key) {
  return database_.Run("DELETE FROM flags WHERE key = ?", key);
}

base::Result<std::optional<model::Object>> Flags::FindConfig(const std::string& environment,
                                                             const std::string& flag) {
  std::optional<std::string> text;
  auto read = database_.Each(
      "SELECT config FROM flag_configs WHERE environment = ? AND flag = ?",
      [&](const base::SqliteStatement& row) { text = row.Text(0); }, environment, flag);
  if (!read) return base::Fail(read.error());
  if (!text) return std::nullopt;
  auto config = ReadStored("environments." + environment + ".flags." + flag, *text);
  if (!config) return base::Fail(config.error());
  return *std::move(config);
}

base::Result<void> Flags::PutConfig(const std::string& environment, const std::string& flag,
                                    const model::Object& config, base::WallMillis now) {
  return database_.Run(
      "INSERT INTO flag_configs (environment, flag, config, updated_at) VALUES (?, ?, ?, ?) "
      "ON CONFLICT (environment, flag) DO UPDATE SET config = excluded.config, "
      "updated_at = excluded.updated_at",
      environment, flag, JsonText(config), now);
}

}  // namespace pennon::store
