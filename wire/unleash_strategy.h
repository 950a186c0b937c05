// One strategy of Unleash: for whom it is, as the members of native rules.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/value.h"

namespace pennon::wire {

/// Segments by their number: native conditions, none for a segment that cannot be read.
using UnleashSegments = std::unordered_map<std::int64_t, std::optional<std::vector<model::Value>>>;

/// How a split places its subjects.
struct UnleashStickiness {
  model::Array attributes;  // "bucketBy"; empty: by chance
  bool or_random = false;   // who has none of them is placed by chance
};
UnleashStickiness ReadStickiness(const std::string& stickiness);

struct UnleashStrategy {
  bool is_known = true;            // false: it is for nobody
  std::vector<model::Value> when;  // all of these hold
  std::optional<model::Value> gate;
  std::string group;  // of its variants
  std::string stickiness = "default";
  const model::Array* variants = nullptr;  // null when it has none of its own
};

/// Borrows the strategy. Fails on a shape that Unleash does not know; a strategy, a segment or an
/// operator that is not known makes a strategy for nobody.
base::Result<UnleashStrategy> ReadUnleashStrategy(const model::Value& strategy,
                                                  const std::string& feature,
                                                  const UnleashSegments& segments);

}  // namespace pennon::wire
