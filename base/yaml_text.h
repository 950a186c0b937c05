// What yaml-cpp has to be given to see that a text ends too early.
#pragma once

#include <string>
#include <string_view>

namespace pennon::base {

/// The text with a marker of its end behind its last line. yaml-cpp takes the end of a text that
/// ends with a line for the end of a quoted scalar in it, and would read all that follows a missing
/// quote as one value; it refuses the marker there.
inline std::string WithEndOfYaml(std::string_view text) {
  std::string ended(text);
  if (text.find_first_of("\"'") == std::string_view::npos) return ended;
  const std::size_t line = text.rfind('\n');
  const std::string_view last = line == std::string_view::npos ? text : text.substr(line + 1);
  if (last.find_first_not_of(" \t\r") != std::string_view::npos) return ended;
  if (!last.empty()) ended += '\n';
  return ended += "...\n";
}

}  // namespace pennon::base
