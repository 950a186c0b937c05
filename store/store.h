// The composition root of `pennon-store serve`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "store/store_config.h"

namespace pennon::store {

/// Reads the configuration once more, and says which settings differ from those that the store was
/// started with.
using Reread = std::function<base::Result<std::vector<std::string>>(StoreConfig& fresh)>;

/// Serves until SIGTERM or SIGINT, then drains. SIGHUP: reads the configuration and the certificate
/// again; what is wrong changes nothing. Fails when it cannot start: no database, not initialised,
/// the address taken.
base::Result<void> Serve(const StoreConfig& config, const Reread& reread, base::Logger& log);

}  // namespace pennon::store
