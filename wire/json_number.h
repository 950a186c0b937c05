// Numbers of JSON texts, exactly. RapidJSON's own full-precision conversion reads outside of its
// tables for some texts of hundreds of digits, so readers ask it for the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pennon::wire {

struct JsonNumber {
  std::optional<std::int64_t> whole;  // written without `.` and exponent, and in range
  double real = 0;                    // the nearest double, when `whole` is none
};

/// `text` has the syntax of a JSON number. None when it is too large for a double; what is too
/// small for one is 0.
std::optional<JsonNumber> ParseJsonNumber(std::string_view text);

}  // namespace pennon::wire
