// The flag set of an environment as it was at an instant, out of the audit log.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "model/value.h"
#include "store/database.h"

namespace pennon::store {

/// Definitions by key, as native documents have them.
struct PastSet {
  std::map<std::string, model::Object> flags;
  std::map<std::string, model::Object> segments;
};

/// kNotFound when there was no such environment then. Borrows the database, on its thread.
base::Result<PastSet> ReadPastSet(Database& database, const std::string& environment,
                                  base::WallMillis at);

}  // namespace pennon::store
