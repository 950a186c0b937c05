// Colour, where somebody sees it: on a terminal, unless NO_COLOR is set (https://no-color.org).
#pragma once

#include <string>
#include <string_view>

namespace pennon::cli {

enum class Style { kBold, kGood, kBad, kDim };

/// `text` in that style when standard output shows styles, else as it is.
std::string Styled(std::string_view text, Style style);

}  // namespace pennon::cli
