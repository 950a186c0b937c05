// The variants of Unleash's features and strategies in native terms.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/value.h"
#include "wire/path.h"
#include "wire/unleash_feature.h"

namespace pennon::wire {

/// Adds variants that `all` does not have yet.
std::optional<base::Error> CollectVariants(const model::Array& variants, const Path& path,
                                           std::vector<UnleashVariant>& all);

/// False when nobody could get any of them.
bool HasWeight(const model::Array& variants);

/// What the first of the variants says of all; `otherwise` when it says nothing.
std::string StickinessOf(const model::Array& variants, const std::string& otherwise = "default");

/// {"split": …} over variants that were collected into `all`.
model::Value UnleashSplit(const model::Array& variants, const std::string& group,
                          const std::string& stickiness, const std::vector<UnleashVariant>& all);

struct UnleashOverride {
  model::Value when;
  std::string variant;
};
/// Subjects that get a variant whatever their place, in the order in which they are tried.
std::vector<UnleashOverride> OverridesOf(const model::Array& variants,
                                         const std::vector<UnleashVariant>& all);

/// `type` and `variants` of a native flag: a number or an object when all payloads are, else text:
/// the payload's, or the variant's name when it has no payload.
model::Object NativeVariants(const std::vector<UnleashVariant>& all);

}  // namespace pennon::wire
