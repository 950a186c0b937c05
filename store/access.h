// Which token may do what with the API: denied unless it is allowed here.
#pragma once

#include <string>
#include <vector>

#include "store/credentials.h"
#include "store/route.h"

namespace pennon::store {

/// A viewer reads, an editor changes flags, configurations and segments, an admin does everything.
/// A token that is bound to an environment does it there only, and reads what all environments
/// share of flags. kForbidden names what is missing.
base::Result<void> CheckAccess(const Grant& grant, const Route& route,
                               const std::vector<std::string>& names);

}  // namespace pennon::store
