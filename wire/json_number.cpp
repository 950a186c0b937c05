#include "wire/json_number.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

namespace pennon::wire {

std::optional<JsonNumber> ParseJsonNumber(std::string_view text) {
  const char* const end = text.data() + text.size();
  JsonNumber number;
  std::int64_t whole = 0;
  const auto read = std::from_chars(text.data(), end, whole);
  if (read.ec == std::errc() && read.ptr == end) {
    number.whole = whole;
    return number;
  }
  // from_chars does not say whether it was too large or too small.
  if (std::from_chars(text.data(), end, number.real).ec == std::errc::result_out_of_range) {
    number.real = std::strtod(std::string(text).c_str(), nullptr);
    if (std::isinf(number.real)) return std::nullopt;
  }
  return number;
}

}  // namespace pennon::wire
