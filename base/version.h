// The version of pennon, stated once in CMakeLists.txt.
#pragma once

#include <string_view>

namespace pennon::base {

/// "0.1.0"
std::string_view Version();

}  // namespace pennon::base
