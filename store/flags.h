// Flags in the database: what all environments share, and each environment's configuration.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/value.h"
#include "store/database.h"
#include "store/stored_definition.h"

namespace pennon::store {

struct FlagRecord : StoredDefinition {
  std::string key;
  base::WallMillis created_at = 0;
};
struct ConfigRecord : StoredDefinition {
  std::string flag;
};

/// Borrows the database; confined to its thread. Definitions are kept as JSON text.
class Flags {
 public:
  explicit Flags(Database& database) : database_(database) {}

  base::Result<std::optional<FlagRecord>> Find(const std::string& key);
  /// kNotFound, naming the key, when there is none.
  base::Result<FlagRecord> Get(const std::string& key);
  /// In the order of their keys.
  base::Result<std::vector<FlagRecord>> All();
  /// At most `limit` with keys behind `after` whose key or definition's text contains `text`,
  /// in any case of its letters.
  base::Result<std::vector<FlagRecord>> Page(const std::string& after, const std::string& text,
                                             std::int64_t limit);
  base::Result<void> Put(const FlagRecord& flag);
  /// With its configurations.
  base::Result<void> Delete(const std::string& key);

  /// The configuration of a flag in an environment; none when either does not exist.
  base::Result<std::optional<ConfigRecord>> FindConfig(const std::string& environment,
                                                       const std::string& flag);
  /// At most `limit` of flags with keys behind `after`, in their order.
  base::Result<std::vector<ConfigRecord>> Configs(const std::string& environment,
                                                  const std::string& after, std::int64_t limit);
  base::Result<void> PutConfig(const std::string& environment, const ConfigRecord& config);

 private:
  Database& database_;
};

}  // namespace pennon::store
