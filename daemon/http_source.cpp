#include "daemon/http_source.h"

#include <utility>

#include "base/file.h"
#include "daemon/store_request.h"
#include "daemon/translated_set.h"

namespace pennon::daemon {
namespace {

using base::Error;

// What an Unleash server must know of a client to send segments apart (client specification 4.2
// on).
constexpr std::string_view kClientSpecification = "5.2.0";

tl::unexpected<FetchFailure> Failed(Error error) {
  return tl::unexpected<FetchFailure>({std::move(error), 0, false});
}

}  // namespace

base::Result<net::HttpFetch> UnleashRequest(const DaemonConfig& config, std::string_view path) {
  const auto token = base::ReadSecret(config.upstream_key_file);
  if (!token) return base::Fail(token.error());
  std::string url = config.upstream_url;
  while (url.ends_with('/')) url.pop_back();
  if (!url.ends_with("/api")) url += "/api";
  net::HttpFetch fetch = BoundedRequest(config, url.append(path));
  fetch.headers = {{"Authorization", *token},
                   {"Unleash-AppName", "pennond"},
                   {"Unleash-Client-Spec", std::string(kClientSpecification)}};
  return fetch;
}

base::Result<net::HttpFetch> HttpSource::Request() const {
  if (config_.upstream_kind == "unleash") return UnleashRequest(config_, "/client/features");
  net::HttpFetch fetch = BoundedRequest(config_, config_.upstream_url);
  if (config_.upstream_key_file.empty()) return fetch;
  const auto token = base::ReadSecret(config_.upstream_key_file);
  if (!token) return base::Fail(token.error());
  fetch.headers = {{"Authorization", "Bearer " + *token}};
  return fetch;
}

void HttpSource::Fetch(const std::string& validator, std::function<void(SourceResult)> done) {
  auto fetch = Request();
  if (!fetch) {
    control_.Post([done = std::move(done), error = fetch.error()] { done(Failed(error)); });
    return;
  }
  fetch->headers.emplace_back("Accept", "application/json, application/yaml;q=0.9, */*;q=0.1");
  if (!validator.empty()) fetch->headers.emplace_back("If-None-Match", validator);
  http_.Fetch(*std::move(fetch), [this, &control = control_, validator,
                                  done = std::move(done)](base::Result<net::HttpFetched> result) {
    control.Post([this, validator, done, result = std::move(result)] {
      done(Interpret(validator, result));
    });
  });
}

SourceResult HttpSource::Interpret(const std::string& validator,
                                   const base::Result<net::HttpFetched>& result) const {
  const std::string url = identity();
  if (!result) return Failed(result.error());
  SourceSet set;
  if (result->status == 304) {
    if (validator.empty()) {
      return Failed(Error::Invalid(url, "answered 304 to a fetch without a tag"));
    }
    set.not_modified = true;
    return set;
  }
  if (result->status != 200) {
    return tl::unexpected<FetchFailure>(FailureOf(url, *result, "token"));
  }
  auto translated = TranslateSet(result->body, DocumentOptionsOf(config_));
  if (!translated) return Failed(translated.error().Within(url));
  set.lines = std::move(translated->lines);
  set.diagnostics = std::move(translated->diagnostics);
  set.validator = HeaderOf(*result, "etag");
  return set;
}

}  // namespace pennon::daemon
