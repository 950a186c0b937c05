// Where a worker's evaluations are counted by flag and variant, if anywhere.
#pragma once

#include "engine/snapshot.h"
#include "model/evaluation.h"
#include "serving/published.h"

namespace pennon::serving {

/// Called by one worker, on the path of a request: it must not block.
class UsageSink {
 public:
  virtual ~UsageSink() = default;
  /// `flag` was evaluated in `published.image`.
  virtual void Count(const Published& published, engine::FlagHandle flag,
                     const model::Evaluation& evaluation) = 0;
};

}  // namespace pennon::serving
