// A rule of JSONLogic by itself, compiled and evaluated as a flag's would be: for the conformance
// suites and fuzzers.
#pragma once

#include "base/result.h"
#include "model/value.h"

namespace pennon::engine {

/// The result of `rule` for `data`, any JSON value. `fractional` is the generation of flagd's
/// operator. Fails when the rule does not compile, or needs more work than an evaluation may.
base::Result<model::Value> EvaluateLogic(const model::Value& rule, const model::Value& data,
                                         int fractional = 2);

}  // namespace pennon::engine
