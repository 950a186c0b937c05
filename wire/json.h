// The one door through which JSON text comes in.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "model/value.h"

namespace pennon::wire {

inline constexpr std::size_t kMaxJsonDepth = 64;

/// Reads one JSON value. Refused, with `line:column` as the place: bad syntax, bad UTF-8, duplicate
/// keys, NUL in keys, numbers outside int64 and double, nesting deeper than kMaxJsonDepth, text
/// after the value.
base::Result<model::Value> ReadJson(std::string_view text);

}  // namespace pennon::wire
