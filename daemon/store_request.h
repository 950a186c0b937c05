// What all requests to upstreams have in common.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "daemon/daemon_config.h"
#include "daemon/upstream.h"
#include "net/http_client.h"

namespace pennon::daemon {

/// A GET of upstream.url and `path` with the sync key, which is read anew each time, so that a
/// rotated one is in force with the next request; and the configured limits and deadlines.
base::Result<net::HttpFetch> StoreRequest(const DaemonConfig& config, std::string_view path);

/// A GET of `url` without credentials, with the configured limits and deadlines.
net::HttpFetch BoundedRequest(const DaemonConfig& config, std::string url);

/// The failure that a status other than 200 and 304 is; `credential` is what the upstream calls the
/// key.
FetchFailure FailureOf(const std::string& url, const net::HttpFetched& fetched,
                       std::string_view credential);

/// "" when there is none; `name` in lower case.
std::string HeaderOf(const net::HttpFetched& fetched, const std::string& name);

/// True for a status that asking again soon will not change: 4xx but 408 and 429, and redirects
/// to elsewhere.
bool IsRefusal(int status);

}  // namespace pennon::daemon
