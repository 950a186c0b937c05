// Segments in the database. A segment belongs to one environment.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/database.h"
#include "store/stored_definition.h"

namespace pennon::store {

struct SegmentRecord : StoredDefinition {
  std::string key;
};

/// Borrows the database; confined to its thread. Definitions are kept as JSON text.
class Segments {
 public:
  explicit Segments(Database& database) : database_(database) {}

  base::Result<std::optional<SegmentRecord>> Find(const std::string& environment,
                                                  const std::string& key);
  /// kNotFound, naming the key, when there is none.
  base::Result<SegmentRecord> Get(const std::string& environment, const std::string& key);
  /// At most `limit` with keys behind `after`, in their order.
  base::Result<std::vector<SegmentRecord>> Page(const std::string& environment,
                                                const std::string& after, std::int64_t limit);
  base::Result<void> Put(const std::string& environment, const SegmentRecord& segment);
  base::Result<void> Delete(const std::string& environment, const std::string& key);

 private:
  base::Result<std::vector<SegmentRecord>> Select(const std::string& where,
                                                  const std::string& environment,
                                                  const std::string& key, std::int64_t limit);
  Database& database_;
};

}  // namespace pennon::store
