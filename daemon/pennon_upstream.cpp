#include "daemon/pennon_upstream.h"

#include "base/out_of_memory.h"
#include "daemon/store_request.h"

namespace pennon::daemon {
namespace {

using base::Error;

constexpr std::string_view kPath = "/sync/v1/flagset";
constexpr std::string_view kContentType = "application/x-ndjson";

tl::unexpected<FetchFailure> Failed(Error error) {
  return tl::unexpected<FetchFailure>({std::move(error), 0, false});
}

// What a fetch has asked with.
struct Asked {
  bool had_validator = false;
  bool had_since = false;
};

// A store's tag of a set is the cursor in quotes: who asks what is new since then has said it.
bool SaysMoreThanCursor(const KnownSet& known) {
  return !known.validator.empty() && known.validator != '"' + known.since + '"';
}

FetchResult Interpret(const std::string& url, Asked asked,
                      const base::Result<net::HttpFetched>& result) {
  if (!result) return Failed(result.error());
  if (result->status == 304 && !asked.had_validator) {
    return Failed(Error::Invalid(url, "answered 304 to a fetch without a tag"));
  }
  const bool is_current = result->status == 204 && asked.had_since;
  if (is_current && HeaderOf(*result, std::string(wire::kSyncMark)).empty()) {
    return Failed(Error::Invalid(
        url, "answered 204 without the header " + std::string(wire::kSyncMark) +
                 "; something between here and the store may have answered in its place"));
  }
  if (result->status == 304 || is_current) {
    Fetched fetched;
    fetched.not_modified = true;
    return fetched;
  }
  if (result->status != 200) {
    return tl::unexpected<FetchFailure>(FailureOf(url, *result, "sync key"));
  }
  const std::string type = HeaderOf(*result, "content-type");
  if (!type.starts_with(kContentType)) {
    return Failed(Error::Invalid(
        url, "answered with Content-Type \"" + type + "\", expected " + std::string(kContentType)));
  }
  auto document =
      base::UnlessMemoryRunsOut("flag set", [&] { return wire::ReadSyncDocument(result->body); });
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
  const Asked asked{SaysMoreThanCursor(known), !known.since.empty()};
  if (asked.had_validator) fetch->headers.emplace_back("If-None-Match", known.validator);
  http_.Fetch(*std::move(fetch), [&control = control_, url = identity(), done,
                                  asked](base::Result<net::HttpFetched> result) {
    control.Post(
        [url, done, asked, result = std::move(result)] { done(Interpret(url, asked, result)); });
  });
}

}  // namespace pennon::daemon
