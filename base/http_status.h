// What the status codes of HTTP are called.
#pragma once

#include <string_view>

namespace pennon::base {

/// As RFC 9110 and RFC 6585 name it; "" for one that neither daemon nor store answers with.
std::string_view HttpStatusText(int status);

}  // namespace pennon::base
