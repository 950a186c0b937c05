// Flags in the database: what all environments share, and each environment's configuration.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/value.h"
#include "store/database.h"

namespace pennon::store {

struct FlagRecord {
  std::string key;
  model::Object definition;
  base::WallMillis created_at = 0;
  base::WallMillis updated_at = 0;
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
  base::Result<void> Put(const FlagRecord& flag);
  /// With its configurations.
  base::Result<void> Delete(const std::string& key);

  /// The configuration of a flag in an environment; none when either does not exist.
  base::Result<std::optional<model::Object>> FindConfig(const std::string& environment,
                                                        const std::string& flag);
  base::Result<void> PutConfig(const std::string& environment, const std::string& flag,
                               const model::Object& config, base::WallMillis now);

 private:
  Database& database_;
};

}  // namespace pennon::store
