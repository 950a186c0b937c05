#include "cli/style.h"

#include <unistd.h>

#include <cstdlib>

namespace pennon::cli {
namespace {

bool ShowsStyles() {
  static const bool kShows = [] {
    const char* const none = std::getenv("NO_COLOR");
    const char* const terminal = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) == 1 && (none == nullptr || *none == '\0') &&
           terminal != nullptr && std::string_view(terminal) != "dumb";
  }();
  return kShows;
}

}  // namespace

std::string Styled(std::string_view text, Style style) {
  if (!ShowsStyles()) return std::string(text);
  const char* code = "1";
  if (style == Style::kGood) code = "32";
  if (style == Style::kBad) code = "31";
  if (style == Style::kDim) code = "2";
  return "\x1b[" + std::string(code) + 'm' + std::string(text) + "\x1b[0m";
}

}  // namespace pennon::cli
