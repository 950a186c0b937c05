// The schema of the store's database: numbered steps, forward only.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/sqlite.h"

namespace pennon::store {

/// Marks the file as a pennon store (PRAGMA application_id): "PNNS".
inline constexpr std::int64_t kApplicationId = 0x504e4e53;

/// The schema version that this program writes and reads.
std::int64_t SchemaVersion();

/// Brings the database up to SchemaVersion() in one transaction. Refuses a database of another
/// application and one that a newer program wrote; `path` is named in errors.
base::Result<void> Migrate(base::Sqlite& sqlite, const std::string& path);

}  // namespace pennon::store
