// Instants as text for answers of the API.
#pragma once

#include <string>

#include "base/clock.h"

namespace pennon::store {

/// RFC 3339 in UTC with milliseconds: "2026-01-31T09:00:00.000Z".
std::string Timestamp(base::WallMillis at);

}  // namespace pennon::store
