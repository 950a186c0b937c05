#include "base/thread_priority.h"

#include <sys/resource.h>

namespace pennon::base {
namespace {

constexpr int kNicer = 10;  // gets a tenth of the time of a thread that does not step back

}  // namespace

// Linux has a niceness for each thread, and 0 is the one that calls.
void StepBack() {
  (void)::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + kNicer);
}

}  // namespace pennon::base
