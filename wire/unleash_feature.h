// One feature of Unleash as a native flag.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/diagnostic.h"
#include "model/value.h"
#include "wire/unleash_strategy.h"

namespace pennon::wire {

/// A variant under the key that the native flag has for it: its name, and `~2` and so on when
/// strategies have different variants of one name.
struct UnleashVariant {
  std::string key;
  std::string name;
  model::Value payload;  // {"type", "value"}, null when it has none
};

struct UnleashDependency {
  std::string feature;
  std::vector<std::string> variants;
  bool enabled = true;
};

/// Borrows the body that it was read from.
struct UnleashFeature {
  std::string name;
  bool enabled = false;
  std::vector<UnleashStrategy> strategies;
  std::vector<UnleashDependency> dependencies;
  const model::Array* variants = nullptr;    // its own, null when it has none
  std::vector<UnleashVariant> all_variants;  // its own and those of its strategies
};
using UnleashFeatures = std::map<std::string, base::Result<UnleashFeature>>;

/// A strategy that cannot be read is left out, with a diagnostic.
base::Result<UnleashFeature> ReadUnleashFeature(const std::string& name,
                                                const model::Value& feature,
                                                const UnleashSegments& segments,
                                                std::vector<model::Diagnostic>& diagnostics);

/// The native flag; `features` are all there are, for its dependencies.
model::Value NativeFlag(const UnleashFeature& feature, const UnleashFeatures& features);

}  // namespace pennon::wire
