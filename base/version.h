// The version of pennon, stated once in CMakeLists.txt, and which build of it this is.
#pragma once

#include <string>
#include <string_view>

namespace pennon::base {

/// "0.1.0", with a zero behind it.
std::string_view Version();

/// What tells this program from every other build of it, also of the same version: the id that the
/// linker gave it, in hexadecimal; "" when it gave none.
std::string BuildId();

}  // namespace pennon::base
