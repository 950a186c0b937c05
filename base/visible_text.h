// Text of others, for a line of a log or a terminal.
#pragma once

#include <string>
#include <string_view>

namespace pennon::base {

/// `text` with the characters that nobody sees but that change how the rest looks, or forge a line:
/// controls, separators of lines and paragraphs, marks of direction. Each is shown as JSON escapes
/// it.
std::string VisibleText(std::string_view text);

}  // namespace pennon::base
