// Who may do what with the API: denied unless it is allowed here.
#pragma once

#include <string>
#include <vector>

#include "store/audit.h"
#include "store/credentials.h"
#include "store/route.h"

namespace pennon::store {

/// A viewer reads, an editor changes flags, configurations and segments, an admin does everything.
/// What all environments share is read by who reads one of them, and changed by who may change all
/// of them. kForbidden names what is missing.
base::Result<void> CheckAccess(const Grant& grant, const Route& route,
                               const std::vector<std::string>& names);

/// Whether who has these roles may know that something was changed.
bool MaySee(const Roles& roles, const Subject& subject);

}  // namespace pennon::store
