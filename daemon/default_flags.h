// The configuration's per-flag default values, as an image like any other.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/settings.h"
#include "serving/published.h"

namespace pennon::daemon {

/// One flag a key, with a single variant "default" whose value is the JSON text given.
base::Result<std::shared_ptr<const serving::AttachedImage>> CompileDefaultFlags(
    const std::string& environment, const base::ScalarMap& defaults);

}  // namespace pennon::daemon
