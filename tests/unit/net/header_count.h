// How many headers of a name a request has: two of one name may be told from one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "net/http_message.h"

namespace pennon::net {

inline std::size_t CountHeader(const HttpRequest& request, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(request.headers.begin(), request.headers.end(),
                    [&](const auto& header) { return SameHeaderName(header.first, name); }));
}

}  // namespace pennon::net
