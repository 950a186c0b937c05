// What yaml-cpp has to be given to see that a text ends too early, and what it gives that is no
// text.
#pragma once

#include <string>
#include <string_view>

#include "base/utf8.h"

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

/// A scalar as yaml-cpp has read it. It writes the characters U+0085 and U+00A0 of the escapes \N
/// and \_ as one byte each; everything else that it gives is UTF-8, whatever it was given.
inline std::string Utf8OfYaml(std::string_view scalar) {
  std::string text;
  while (true) {
    const std::size_t good = ValidUtf8Prefix(scalar);
    text += scalar.substr(0, good);
    if (good == scalar.size()) return text;
    text += '\xc2';
    text += scalar[good];
    scalar.remove_prefix(good + 1);
  }
}

}  // namespace pennon::base
