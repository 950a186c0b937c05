#include "base/thread_priority.h"

#include <sys/resource.h>

namespace pennon::base {

// Linux has a niceness for each thread, and 0 is the one that calls.
void StepBack(int nicer) {
  (void)::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + nicer);
}

}  // namespace pennon::base
