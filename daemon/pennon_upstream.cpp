#include "daemon/pennon_upstream.h"

#include "daemon/store_request.h"

namespace pennon::daemon {
namespace {

using base::Error;

constexpr std::string_view kPath = "/sync/v1/flagset";
constexpr std::string_view kContentType = "application/x-ndjson";

std::string HeaderOf(const net::HttpFetched& fetched, const std::string& name) {
  const auto found = fetched.headers.find(name);
  return found == fetched.headers.end() ? "" : found->second;
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
  return tl::unexpected<FetchFailure>(
      {Error::Unavailable(url, answered), RetryAfterMillis(fetched), IsRefusal(status)});
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
  std::string path(kPath);
  if (!known.since.empty()) path += "?since=" + known.since;
  auto fetch = StoreRequest(config_, path);
  if (!fetch) {
    control_.Post([done = std::move(done), error = fetch.error()] { done(Failed(error)); });
    return;
  }
  fetch->headers.emplace_back("Accept", kContentType);
  if (!known.validator.empty()) fetch->headers.emplace_back("If-None-Match", known.validator);
  http_.Fetch(*std::move(fetch), [this, done = std::move(done),
                                  had_validator = !known.validator.empty()](
                                     base::Result<net::HttpFetched> result) {
    control_.Post([url = config_.upstream_url, done, had_validator, result = std::move(result)] {
      done(Interpret(url, had_validator, result));
    });
  });
}

}  // namespace pennon::daemon
