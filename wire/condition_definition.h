// JSON value -> Condition: the native definition format's conditions.
#pragma once

#include <optional>

#include "base/error.h"
#include "model/flag_set.h"
#include "wire/path.h"

namespace pennon::wire {

/// `path` is where the value stands, for errors. Reads the shape only: what operators take is the
/// compiler's to check.
std::optional<base::Error> ReadCondition(const model::Value& value, const Path& path,
                                         model::Condition& out);

/// {"from", "to"}, of which one may be absent.
std::optional<base::Error> ReadWindow(const model::Value& value, const Path& path,
                                      model::Window& window);

}  // namespace pennon::wire
