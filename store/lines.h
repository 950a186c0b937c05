// The sync lines of each environment in the database, byte for byte as they are sent.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "store/database.h"
#include "wire/sync_document.h"

namespace pennon::store {

/// Which flag or segment of an environment.
using LineId = std::pair<wire::LineKind, std::string>;

struct StoredLine {
  wire::SyncLine line;
  std::uint64_t revision = 0;  // of the environment, when this line came to be
};

/// Borrows the database; confined to its thread.
class Lines {
 public:
  explicit Lines(Database& database) : database_(database) {}

  /// All lines of an environment in the order of kind and key. kInternal when one does not match
  /// its digest: what was never approved is never sent.
  base::Result<std::vector<StoredLine>> All(const std::string& environment);
  base::Result<void> Put(const std::string& environment, const StoredLine& stored);
  base::Result<void> Delete(const std::string& environment, const LineId& id);

 private:
  Database& database_;
};

}  // namespace pennon::store
