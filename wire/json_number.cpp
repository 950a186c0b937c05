#include "wire/json_number.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

namespace pennon::wire {

std::optional<JsonNumber> ParseJsonNumber(std::string_view text) {
  const char* const end = text.data() + text.size();
  JsonNumber number;
  if (text.find_first_of(".eE") == std::string_view::npos) {
    std::int64_t whole = 0;
    if (std::from_chars(text.data(), end, whole).ec == std::errc()) {
      number.whole = whole;
      return number;
    }
  }
  // from_chars does not say whether it was too large or too small.
  if (std::from_chars(text.data(), end, number.real).ec == std::errc::result_out_of_range) {
    number.real = std::strtod(std::string(text).c_str(), nullptr);
    if (std::isinf(number.real)) return std::nullopt;
  }
  return number;
}

}  // namespace pennon::wire
