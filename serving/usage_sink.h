// Where a worker's evaluations are counted by flag, variant and reason, if anywhere.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/snapshot.h"
#include "model/evaluation.h"
#include "serving/published.h"

namespace pennon::serving {

/// Called by one worker, on the path of a request: it must not block.
class UsageSink {
 public:
  virtual ~UsageSink() = default;
  /// `flag` of `published.image` was answered with `variant`, a text of that image, and for that
  /// reason so many times.
  virtual void Count(const Published& published, engine::FlagHandle flag, std::string_view variant,
                     model::Reason reason, std::uint64_t times) = 0;
};

}  // namespace pennon::serving
