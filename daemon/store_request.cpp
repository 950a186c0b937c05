#include "daemon/store_request.h"

#include "base/file.h"

namespace pennon::daemon {

net::HttpFetch BoundedRequest(const DaemonConfig& config, std::string url) {
  net::HttpFetch fetch;
  fetch.url = std::move(url);
  fetch.ca_file = config.upstream_ca_file;
  fetch.client_cert_file = config.upstream_client_cert_file;
  fetch.client_key_file = config.upstream_client_key_file;
  fetch.max_body_bytes = config.max_body.bytes;
  fetch.connect_deadline_millis = config.connect_timeout.millis;
  fetch.total_deadline_millis = config.fetch_timeout.millis;
  return fetch;
}

base::Result<net::HttpFetch> StoreRequest(const DaemonConfig& config, std::string_view path) {
  const auto key = base::ReadSecret(config.upstream_key_file);
  if (!key) return base::Fail(key.error());
  std::string url = config.upstream_url;
  while (url.ends_with('/')) url.pop_back();
  net::HttpFetch fetch = BoundedRequest(config, url.append(path));
  fetch.headers = {{"Authorization", "Bearer " + *key}};
  return fetch;
}

FetchFailure FailureOf(const std::string& url, const net::HttpFetched& fetched,
                       std::string_view credential) {
  const int status = fetched.status;
  std::string answered = "answered with status " + std::to_string(status);
  if (status < 400 && !HeaderOf(fetched, "location").empty()) {
    answered += ": it redirects to another origin, or too often, which is not followed";
  }
  if (status == 401 || status == 403) {
    return {base::Error::Unauthenticated(
                url, answered + ": the " + std::string(credential) + " is not accepted"),
            0, true};
  }
  return {base::Error::Unavailable(url, answered), fetched.retry_after_millis, IsRefusal(status)};
}

std::string HeaderOf(const net::HttpFetched& fetched, const std::string& name) {
  const auto found = fetched.headers.find(name);
  return found == fetched.headers.end() ? "" : found->second;
}

bool IsRefusal(int status) {
  return status >= 300 && status < 500 && status != 408 && status != 429;
}

}  // namespace pennon::daemon
