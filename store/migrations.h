// The schema of the store's database: numbered steps, forward only.
#pragma once

#include <cstdint>

#include "store/driver.h"

namespace pennon::store {

/// The schema version that this program writes and reads.
std::int64_t SchemaVersion();

/// Brings the database up to SchemaVersion(), or as far as `last`, in one transaction. Refuses one
/// that a newer program wrote.
base::Result<void> Migrate(Driver& driver, std::int64_t last = SchemaVersion());

}  // namespace pennon::store
