#include "daemon/manager_variables.h"

#include <charconv>
#include <cstdlib>

namespace pennon::daemon {

std::string TakeVariable(const char* name) {
  const char* const text = ::getenv(name);
  std::string value = text == nullptr ? "" : text;
  ::unsetenv(name);
  return value;
}

std::int64_t NumberOr(std::string_view text, std::int64_t otherwise) {
  std::int64_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = end.ec == std::errc() && end.ptr == text.data() + text.size();
  return is_number ? number : otherwise;
}

}  // namespace pennon::daemon
