// The daemon's serving path alone: frames over a given flag set, without upstream and cache.
#pragma once

#include <memory>
#include <string>

#include "serving/published.h"

namespace pennon::bench {

/// Serves frames on the Unix socket `path` with one worker. Does not return.
[[noreturn]] void ServeFrames(const std::string& path,
                              std::shared_ptr<const serving::AttachedImage> image);

}  // namespace pennon::bench
