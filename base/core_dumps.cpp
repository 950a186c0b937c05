#include "base/core_dumps.h"

#include <sys/prctl.h>

namespace pennon::base {

// A limit of 0 would not do: a core_pattern that is a pipe is not bound by it.
void ForbidCoreDumps() {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace pennon::base
