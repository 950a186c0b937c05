// One constraint of Unleash as a native condition.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/value.h"

namespace pennon::wire {

/// Where a native context has what Unleash calls `name`, as the value of `attr` or `bucketBy`: at
/// the top or in `properties`; a user's id may also be the targeting key.
model::Array UnleashAttributes(std::string_view name);

/// A native condition. Fails on a shape that Unleash does not know; an operator that it does not
/// know is a condition that holds for nobody.
base::Result<model::Value> UnleashConstraint(const model::Value& constraint);

/// A condition that holds when the text of an attribute is one of `values`.
model::Value UnleashIn(std::string_view name, model::Array values, bool negate = false,
                       bool on_missing = false);
/// Holds for nobody.
model::Value UnleashNever();

}  // namespace pennon::wire
