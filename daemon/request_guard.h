// Which HTTP requests are refused before anybody looks at what they ask.
#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"
#include "daemon/worker_service.h"
#include "net/http_message.h"

namespace pennon::daemon {

/// An error, kForbidden or kUnauthenticated, or none. `path` is the request's with single slashes.
///
/// A web page can make a browser send requests here, and can make its own name resolve to
/// 127.0.0.1; it cannot keep the browser from saying so in Host, Origin, Referer and
/// Sec-Fetch-Site.
std::optional<base::Error> RefuseRequest(const net::HttpRequest& request, std::string_view path,
                                         Door door, const BearerToken* token);

}  // namespace pennon::daemon
