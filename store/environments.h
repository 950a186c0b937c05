// Environments in the database: who they are and at which revision.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/database.h"

namespace pennon::store {

struct Environment {
  std::string key;
  std::string name;
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;  // grows by one with every change of the environment's flag set
  base::WallMillis created_at = 0;
  std::int64_t version = 1;   // of its settings, see store/audit.h
  bool is_protected = false;  // each change of it has to say why
};

/// Borrows the database; confined to its thread.
class Environments {
 public:
  explicit Environments(Database& database) : database_(database) {}

  base::Result<std::optional<Environment>> Find(const std::string& key);
  /// kNotFound, naming the key, when there is none.
  base::Result<Environment> Get(const std::string& key);
  /// In the order of their keys.
  base::Result<std::vector<Environment>> All();

  base::Result<void> Insert(const Environment& environment);
  /// Its name, and whether it is protected.
  base::Result<void> SetSettings(const Environment& environment);
  base::Result<void> SetRevision(const std::string& key, std::uint64_t revision);
  /// With all that belongs to it: configurations, segments, lines and keys.
  base::Result<void> Delete(const std::string& key);

 private:
  Database& database_;
};

}  // namespace pennon::store
