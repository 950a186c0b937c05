// The text of a definition document, whatever its format: JSON or YAML.
#pragma once

#include <string_view>

#include "base/result.h"
#include "model/value.h"
#include "wire/text_position.h"

namespace pennon::wire {

/// A text whose first character that is no white space is `{` is JSON, any other is YAML.
bool IsJson(std::string_view text);

/// Errors have `line:column` as the place; see wire/json.h and wire/yaml.h.
base::Result<model::Value> ReadDocumentText(std::string_view text);

/// Where in the text `path` (`flags.a.rules[0].when`) is, or the innermost value on the way there.
TextPosition FindDocumentPosition(std::string_view text, std::string_view path);

}  // namespace pennon::wire
