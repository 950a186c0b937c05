// Which HTTP requests are refused before anybody looks at what they ask.
#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"
#include "daemon/worker_service.h"
#include "net/http_message.h"

namespace pennon::daemon {

/// An error, kForbidden or kUnauthenticated, or none. `lacks_token`: there are tokens, and the
/// request presents none of them. `path` is the request's with single slashes.
///
/// A web page can make a browser send requests here, and can make its own name resolve to
/// 127.0.0.1; it cannot keep the browser from saying so in Host, Origin, Referer and
/// Sec-Fetch-Site.
std::optional<base::Error> RefuseRequest(const net::HttpRequest& request, std::string_view path,
                                         Door door, bool lacks_token);

/// The token that the request presents, or null: as `Authorization: Bearer`, as `X-API-Key`, or,
/// for an event stream, as its ticket.
const BearerToken* FindToken(const net::HttpRequest& request, std::string_view path,
                             const BearerTokens& tokens);

}  // namespace pennon::daemon
