// What all requests to a pennon store have in common.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "daemon/daemon_config.h"
#include "net/http_client.h"

namespace pennon::daemon {

/// A GET of upstream.url and `path` with the sync key, which is read anew each time, so that a
/// rotated one is in force with the next request; and the configured limits and deadlines.
base::Result<net::HttpFetch> StoreRequest(const DaemonConfig& config, std::string_view path);

/// What Retry-After asks for, in seconds; 0 when it is absent, a date or garbage.
std::int64_t RetryAfterMillis(const net::HttpFetched& fetched);

/// True for a status that asking again soon will not change: 4xx but 408 and 429, and redirects,
/// which are not followed.
bool IsRefusal(int status);

}  // namespace pennon::daemon
