// What flagd's schema (targeting.json) asks of a targeting rule, beyond that it can be evaluated.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "model/value.h"

namespace pennon::wire {

/// Appends an error for each place where `rule` is not as the schema wants it; `path` is where the
/// rule stands. Operators that flagd does not have are left to the compiler. False when it saw one.
bool CheckFlagdTargeting(const model::Value& rule, const std::string& path,
                         std::vector<base::Error>& errors);

}  // namespace pennon::wire
