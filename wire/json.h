// The one door through which JSON text comes in.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/value.h"

namespace pennon::wire {

inline constexpr std::size_t kMaxJsonDepth = 64;

/// Reads one JSON value. Refused, with `line:column` as the place: bad syntax, bad UTF-8, duplicate
/// keys, NUL in keys, numbers outside int64 and double, nesting deeper than kMaxJsonDepth, text
/// after the value.
base::Result<model::Value> ReadJson(std::string_view text);

/// Called with each member of an object that is itself a member of the root, once it is read, in
/// the text's order: of `{"flags": {"a": 1}}` with "flags", "a" and 1. True: it is taken, and null
/// is left in its place, so a large document need not be in memory as a whole. What was taken of a
/// text that is then refused is worth nothing.
using MemberTaker = std::function<bool(const std::string& owner, const std::string& key,
                                       const model::Value& member)>;
base::Result<model::Value> ReadJson(std::string_view text, const MemberTaker& take);

}  // namespace pennon::wire
