// JSON Merge Patch. Source of the algorithm: RFC 7396.
#pragma once

#include "model/value.h"

namespace pennon::store {

/// `target` with the members of `patch`: null removes one, objects are merged, all else replaces.
model::Object MergePatch(model::Object target, const model::Object& patch);

}  // namespace pennon::store
