// Where in a JSON text a diagnostic's path is.
#pragma once

#include <string_view>

#include "wire/text_position.h"

namespace pennon::wire {

/// The position of the value that `path`, as errors have it (`flags.a.rules[0].when`), names in a
/// text that ReadJson has read; of the innermost one that is there, if the path goes on.
TextPosition FindJsonPosition(std::string_view text, std::string_view path);

}  // namespace pennon::wire
