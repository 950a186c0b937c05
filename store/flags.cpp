#include "store/flags.h"

#include "store/definition.h"

namespace pennon::store {
namespace {

constexpr std::string_view kSelectFlag =
    "SELECT key, definition, version, updated_at, created_at FROM flags";
constexpr std::string_view kSelectConfig =
    "SELECT flag, config, version, updated_at FROM flag_configs";

// Reads rows until one is damaged; the first error is kept. A record's key is in column 0, then
// come the members of StoredDefinition.
template <typename Record>
class Records {
 public:
  explicit Records(std::string Record::*key) : key_(key) {}

  Record* Read(const Row& row) {
    Record record;
    record.*key_ = row.Text(0);
    auto definition = ReadStored("flags." + record.*key_, row.Text(1));
    if (!definition) {
      if (!error_) error_ = definition.error();
      return nullptr;
    }
    record.definition = *std::move(definition);
    record.version = row.Int(2);
    record.updated_at = row.Int(3);
    return &records_.emplace_back(std::move(record));
  }

  base::Result<std::vector<Record>> Take(const base::Result<void>& read) {
    if (!read) return base::Fail(read.error());
    if (error_) return base::Fail(*error_);
    return std::move(records_);
  }
  base::Result<std::optional<Record>> TakeOne(const base::Result<void>& read) {
    auto taken = Take(read);
    if (!taken) return base::Fail(taken.error());
    if (taken->empty()) return std::nullopt;
    return std::move(taken->front());
  }

 private:
  std::string Record::*key_;
  std::vector<Record> records_;
  std::optional<base::Error> error_;
};

struct FlagRows : Records<FlagRecord> {
  FlagRows() : Records(&FlagRecord::key) {}
  void operator()(const Row& row) {
    if (FlagRecord* flag = Read(row)) flag->created_at = row.Int(4);
  }
};
struct ConfigRows : Records<ConfigRecord> {
  ConfigRows() : Records(&ConfigRecord::flag) {}
  void operator()(const Row& row) { Read(row); }
};

// The pattern of LIKE for "contains `text`", '\' being the escape.
std::string Containing(const std::string& text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + '%';
}

}  // namespace

base::Result<std::optional<FlagRecord>> Flags::Find(const std::string& key) {
  FlagRows rows;
  const std::string sql = std::string(kSelectFlag) + " WHERE key = ?";
  return rows.TakeOne(database_.Each(sql, std::ref(rows), key));
}

base::Result<FlagRecord> Flags::Get(const std::string& key) {
  auto found = Find(key);
  if (!found) return base::Fail(found.error());
  if (!*found) return base::Fail(base::Error::NotFound("flags." + key, "there is no such flag"));
  return **std::move(found);
}

base::Result<std::vector<FlagRecord>> Flags::All() {
  FlagRows rows;
  return rows.Take(database_.Each(std::string(kSelectFlag) + " ORDER BY key", std::ref(rows)));
}

base::Result<std::vector<FlagRecord>> Flags::Page(const std::string& after, const std::string& text,
                                                  std::int64_t limit) {
  FlagRows rows;
  if (text.empty()) {
    return rows.Take(
        database_.Each(std::string(kSelectFlag) + " WHERE key > ? ORDER BY key LIMIT ?",
                       std::ref(rows), after, limit));
  }
  const std::string pattern = Containing(text);
  return rows.Take(
      database_.Each(std::string(kSelectFlag) +
                         " WHERE key > ? AND (lower(key) LIKE lower(?) ESCAPE '\\' OR "
                         "lower(definition) LIKE lower(?) ESCAPE '\\') ORDER BY key LIMIT ?",
                     std::ref(rows), after, pattern, pattern, limit));
}

base::Result<void> Flags::Put(const FlagRecord& flag) {
  return database_.Run(
      "INSERT INTO flags (key, definition, version, updated_at, created_at) "
      "VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET definition = excluded.definition, "
      "version = excluded.version, updated_at = excluded.updated_at",
      flag.key, JsonText(flag.definition), flag.version, flag.updated_at, flag.created_at);
}

base::Result<void> Flags::Delete(const std::string& key) {
  return database_.Run("DELETE FROM flags WHERE key = ?", key);
}

base::Result<std::optional<ConfigRecord>> Flags::FindConfig(const std::string& environment,
                                                            const std::string& flag) {
  ConfigRows rows;
  return rows.TakeOne(
      database_.Each(std::string(kSelectConfig) + " WHERE environment = ? AND flag = ?",
                     std::ref(rows), environment, flag));
}

base::Result<std::vector<ConfigRecord>> Flags::Configs(const std::string& environment,
                                                       const std::string& after,
                                                       std::int64_t limit) {
  ConfigRows rows;
  return rows.Take(database_.Each(
      std::string(kSelectConfig) + " WHERE environment = ? AND flag > ? ORDER BY flag LIMIT ?",
      std::ref(rows), environment, after, limit));
}

base::Result<void> Flags::PutConfig(const std::string& environment, const ConfigRecord& config) {
  return database_.Run(
      "INSERT INTO flag_configs (environment, flag, config, version, updated_at) "
      "VALUES (?, ?, ?, ?, ?) ON CONFLICT (environment, flag) DO UPDATE SET "
      "config = excluded.config, version = excluded.version, updated_at = excluded.updated_at",
      environment, config.flag, JsonText(config.definition), config.version, config.updated_at);
}

}  // namespace pennon::store
