// Whether the kernel may write this process's memory down when it crashes.
#pragma once

namespace pennon::base {

/// From now on there is no core of this process, whatever its limits and the host say, and no other
/// process of its user can read its memory.
void ForbidCoreDumps();

}  // namespace pennon::base
