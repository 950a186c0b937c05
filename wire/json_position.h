// Where in a JSON text a diagnostic's path is.
#pragma once

#include <cstddef>
#include <string_view>

namespace pennon::wire {

/// Both counted from 1; columns in bytes.
struct JsonPosition {
  std::size_t line = 1;
  std::size_t column = 1;
};

/// The position of byte `offset`.
JsonPosition PositionAt(std::string_view text, std::size_t offset);

/// The position of the value that `path`, as errors have it (`flags.a.rules[0].when`), names in a
/// text that ReadJson has read; of the innermost one that is there, if the path goes on.
JsonPosition FindPosition(std::string_view text, std::string_view path);

}  // namespace pennon::wire
