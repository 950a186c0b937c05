#include "daemon/pennon_upstream.h"

#include <charconv>

#include "base/file.h"

namespace pennon::daemon {
namespace {

using base::Error;

constexpr std::string_view kPath = "/sync/v1/flagset";
constexpr std::string_view kContentType = "application/x-ndjson";

std::string HeaderOf(const net::HttpFetched& fetched, const std::string& name) {
  const auto found = fetched.headers.find(name);
  return found == fetched.headers.end() ? "" : found->second;
}

// Seconds only; a date or garbage counts as not given.
std::int64_t RetryAfterMillis(const std::string& text) {
  std::int64_t seconds = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || seconds < 0) return 0;
  return seconds > 1'000'000 ? INT64_MAX : seconds * 1000;
}

tl::unexpected<FetchFailure> Failed(Error error) {
  return tl::unexpected<FetchFailure>({std::move(error), 0, false});
}

FetchResult FromStatus(const std::string& url, const net::HttpFetched& fetched) {
  const int status = fetched.status;
  const std::string answered = "answered with status " + std::to_string(status);
  if (status == 401 || status == 403) {
    return tl::unexpected<FetchFailure>(
        {Error::Unauthenticated(url, answered + ": the sync key is not accepted"), 0, true});
  }
  const bool is_refusal = status >= 400 && status < 500 && status != 408 && status != 429;
  return tl::unexpected<FetchFailure>({Error::Unavailable(url, answered),
                                       RetryAfterMillis(HeaderOf(fetched, "retry-after")),
                                       is_refusal});
}

FetchResult Interpret(const std::string& url, bool had_validator,
                      const base::Result<net::HttpFetched>& result) {
  if (!result) return Failed(result.error());
  if (result->status == 304) {
    if (!had_validator) return Failed(Error::Invalid(url, "answered 304 to a fetch without a tag"));
    Fetched fetched;
    fetched.not_modified = true;
    return fetched;
  }
  if (result->status != 200) return FromStatus(url, *result);
  const std::string type = HeaderOf(*result, "content-type");
  if (!type.starts_with(kContentType)) {
    return Failed(Error::Invalid(
        url, "answered with Content-Type \"" + type + "\", expected " + std::string(kContentType)));
  }
  auto document = wire::ReadSyncDocument(result->body);
  if (!document) return Failed(document.error().Within(url));
  return Fetched{false, std::move(*document), HeaderOf(*result, "etag")};
}

}  // namespace

PennonUpstream::PennonUpstream(const DaemonConfig& config, net::HttpClient& http,
                               net::ControlLoop& control)
    : config_(config), http_(http), control_(control) {}

void PennonUpstream::Fetch(const KnownSet& known, std::function<void(FetchResult)> done) {
  // Read at every fetch: a rotated key is in force with the next poll.
  const auto key = base::ReadSecret(config_.upstream_key_file);
  if (!key) {
    control_.Post([done = std::move(done), error = key.error()] { done(Failed(error)); });
    return;
  }
  net::HttpFetch fetch;
  fetch.url = config_.upstream_url;
  while (fetch.url.ends_with('/')) fetch.url.pop_back();
  fetch.url += kPath;
  if (!known.since.empty()) fetch.url += "?since=" + known.since;
  fetch.headers = {{"Authorization", "Bearer " + *key}, {"Accept", std::string(kContentType)}};
  if (!known.validator.empty()) fetch.headers.emplace_back("If-None-Match", known.validator);
  fetch.ca_file = config_.upstream_ca_file;
  fetch.max_body_bytes = config_.max_body.bytes;
  fetch.connect_deadline_millis = config_.connect_timeout.millis;
  fetch.total_deadline_millis = config_.fetch_timeout.millis;
  http_.Fetch(std::move(fetch), [this, done = std::move(done),
                                 had_validator = !known.validator.empty()](
                                    base::Result<net::HttpFetched> result) {
    control_.Post([url = config_.upstream_url, done, had_validator, result = std::move(result)] {
      done(Interpret(url, had_validator, result));
    });
  });
}

}  // namespace pennon::daemon
