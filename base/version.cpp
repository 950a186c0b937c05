#include "base/version.h"

namespace pennon::base {

std::string_view Version() {
  return PENNON_VERSION;
}

}  // namespace pennon::base
