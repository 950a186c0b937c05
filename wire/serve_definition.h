// JSON value -> Serve and Gate: what a rule or a default hands out, and to how many.
#pragma once

#include <optional>

#include "base/error.h"
#include "model/flag_set.h"
#include "wire/path.h"

namespace pennon::wire {

/// `path` is where the value stands, for errors.
std::optional<base::Error> ReadServe(const model::Value& value, const Path& path,
                                     model::Serve& serve);
std::optional<base::Error> ReadGate(const model::Value& value, const Path& path, model::Gate& gate);

}  // namespace pennon::wire
