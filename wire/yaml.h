// The one door through which YAML text comes in: the JSON that a YAML 1.2 document stands for.
#pragma once

#include <string_view>

#include "base/result.h"
#include "model/value.h"
#include "wire/text_position.h"

namespace pennon::wire {

/// Reads one document. A quoted scalar is a string, a plain one what base/yaml_scalar.h says.
/// Refused, with `line:column` as the place: bad syntax, bad UTF-8, control characters, tags,
/// anchors and aliases (a few lines of them make gigabytes), keys that are no strings or given
/// twice, numbers outside int64 and double, nesting deeper than kMaxJsonDepth, more than
/// kMaxYamlBytes, a second document.
base::Result<model::Value> ReadYaml(std::string_view text);

/// The position of the value that `path`, as errors have it (`flags.a.rules[0].when`), names in a
/// text that ReadYaml has read; of the innermost one that is there, if the path goes on.
TextPosition FindYamlPosition(std::string_view text, std::string_view path);

}  // namespace pennon::wire
