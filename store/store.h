// The composition root of `pennon-store serve`.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "store/store_config.h"

namespace pennon::store {

/// Serves until SIGTERM, SIGINT or SIGHUP, then drains. Fails when it cannot start: no database,
/// not initialised, the address taken.
base::Result<void> Serve(const StoreConfig& config, base::Logger& log);

}  // namespace pennon::store
