// Questions about parts of the engine, without definitions: JSONLogic, hashes, versions.
#pragma once

#include "base/result.h"
#include "model/value.h"

namespace pennon::conformance {

/// {"rule", "data"} -> {"result"}.
base::Result<model::Object> JsonLogic(const model::Value& request);
/// {"rule", "data": […]} -> {"answers": [{"result"} or {"error"}, …]}.
base::Result<model::Object> JsonLogics(const model::Value& request);
/// {"algo": "murmur3_32", "seed", "data"} -> {"result"}: there is no other algorithm in the engine.
base::Result<model::Object> Hash(const model::Value& request);
/// {"a", "b", "lenient"} -> {"result": -1, 0 or 1, "caret", "tilde"}; caret and tilde: a is in the
/// range that ^b and ~b name. {"result": null} when one of them is no version.
base::Result<model::Object> CompareVersions(const model::Value& request);

}  // namespace pennon::conformance
