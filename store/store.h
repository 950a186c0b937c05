// The composition root of `pennon-store serve`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ed25519.h"
#include "base/log.h"
#include "base/result.h"
#include "store/current_tls.h"
#include "store/store_config.h"

namespace pennon::store {

/// Reads the configuration once more, and says which settings differ from those that the store was
/// started with.
using Reread = std::function<base::Result<std::vector<std::string>>(StoreConfig& fresh)>;

/// What is read out of key files before anything else.
struct StoreKeys {
  std::optional<base::Ed25519Signer> signer;
  std::unique_ptr<CurrentTls> tls;
};
/// Fails, naming the file, when one is wrong or everybody may read it: a mistake in the
/// configuration.
base::Result<StoreKeys> ReadKeys(const StoreConfig& config);

/// Serves until SIGTERM or SIGINT, then drains. SIGHUP: reads the configuration and the certificate
/// again; what is wrong changes nothing. Fails when it cannot start: no database, not initialised,
/// the address taken.
base::Result<void> Serve(const StoreConfig& config, StoreKeys keys, const Reread& reread,
                         base::Logger& log);

}  // namespace pennon::store
