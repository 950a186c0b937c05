// Segments in the database. A segment belongs to one environment.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "model/value.h"
#include "store/database.h"

namespace pennon::store {

/// Borrows the database; confined to its thread. Definitions are kept as JSON text.
class Segments {
 public:
  explicit Segments(Database& database) : database_(database) {}

  base::Result<std::optional<model::Object>> Find(const std::string& environment,
                                                  const std::string& key);
  base::Result<void> Put(const std::string& environment, const std::string& key,
                         const model::Object& definition, base::WallMillis now);
  base::Result<void> Delete(const std::string& environment, const std::string& key);

 private:
  Database& database_;
};

}  // namespace pennon::store
