#include "daemon/store_request.h"

#include <charconv>

#include "base/file.h"

namespace pennon::daemon {

base::Result<net::HttpFetch> StoreRequest(const DaemonConfig& config, std::string_view path) {
  const auto key = base::ReadSecret(config.upstream_key_file);
  if (!key) return base::Fail(key.error());
  net::HttpFetch fetch;
  fetch.url = config.upstream_url;
  while (fetch.url.ends_with('/')) fetch.url.pop_back();
  fetch.url += path;
  fetch.headers = {{"Authorization", "Bearer " + *key}};
  fetch.ca_file = config.upstream_ca_file;
  fetch.max_body_bytes = config.max_body.bytes;
  fetch.connect_deadline_millis = config.connect_timeout.millis;
  fetch.total_deadline_millis = config.fetch_timeout.millis;
  return fetch;
}

std::int64_t RetryAfterMillis(const net::HttpFetched& fetched) {
  const auto found = fetched.headers.find("retry-after");
  if (found == fetched.headers.end()) return 0;
  const std::string& text = found->second;
  std::int64_t seconds = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || seconds < 0) return 0;
  return seconds > 1'000'000 ? INT64_MAX : seconds * 1000;
}

bool IsRefusal(int status) {
  return status >= 300 && status < 500 && status != 408 && status != 429;
}

}  // namespace pennon::daemon
