// JSON value -> Serve and Gate: what a rule or a default hands out, and to how many.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "model/flag_set.h"

namespace pennon::wire {

/// `path` is where the value stands, for errors.
std::optional<base::Error> ReadServe(const model::Value& value, const std::string& path,
                                     model::Serve& serve);
std::optional<base::Error> ReadGate(const model::Value& value, const std::string& path,
                                    model::Gate& gate);

}  // namespace pennon::wire
