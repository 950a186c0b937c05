// Who asks a segment.
#pragma once

#include <string>
#include <vector>

#include "store/environment_set.h"

namespace pennon::store {

/// Keys, in order, of what names the segment itself; not what does through others.
struct SegmentUse {
  std::vector<std::string> flags;
  std::vector<std::string> segments;
};
SegmentUse UsersOf(const EnvironmentSet& set, const std::string& segment);

}  // namespace pennon::store
