#include "daemon/worker_service.h"

#include "base/json_text.h"
#include "serving/event_stream.h"
#include "serving/url_path.h"

namespace pennon::daemon {
namespace {

using base::Error;

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

// A web page can make a browser send requests here, and can make its own name resolve to 127.0.0.1;
// it cannot keep the browser from saying so in these headers.
bool IsFromHere(const net::HttpRequest& request) {
  if (!request.Header("Origin").empty() || request.CountHeader("Host") != 1) return false;
  std::string_view host = request.Header("Host");
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && host.back() != ']';
  if (has_port) host = host.substr(0, colon);
  return host == "127.0.0.1" || host == "localhost" || host == "[::1]";
}

bool IsGet(const net::HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

WorkerService::WorkerService(const base::Clock& clock, const ControlQuestions& questions,
                             const std::atomic<bool>& draining, Subscribe subscribe)
    : questions_(questions),
      draining_(draining),
      subscribe_(std::move(subscribe)),
      evaluations_(clock) {}

bool WorkerService::Handler::Handle(net::HttpRequest& request, net::HttpResponse& response,
                                    const net::Later& late) {
  if (is_loopback_ && !IsFromHere(request)) {
    serving::RespondError(serving::WithoutDoubleSlash(request.path), 403,
                          Error::Forbidden("Host",
                                           "expected one of 127.0.0.1, localhost and "
                                           "[::1], and no Origin"),
                          response);
    return true;
  }
  return service_.Route(request, response, late);
}

bool WorkerService::Route(net::HttpRequest& request, net::HttpResponse& response,
                          const net::Later& late) {
  const std::string_view path = serving::WithoutDoubleSlash(request.path);
  if (path == serving::kEventsPath) return Events(request, response, late);
  if (evaluation_http_.Handle(request, {"", true, {}}, response)) return true;
  const bool is_status = path == "/status";
  if (!is_status && path != "/metrics" && path != "/livez" && path != "/readyz") {
    serving::RespondError(path, 404,
                          Error::NotFound("path",
                                          "is not known; known are /evaluate, "
                                          "/ofrep/v1/evaluate/flags, /livez, /readyz, "
                                          "/status and /metrics"),
                          response);
    return true;
  }
  if (!IsGet(request)) {
    serving::RespondError(path, 405, Error::Invalid("method", "expected GET"), response);
    response.headers.emplace_back("Allow", "GET, HEAD");
    return true;
  }
  if (path == "/livez") {
    response.body = "{\"alive\":true}";
    return true;
  }
  if (path == "/readyz") {
    Ready(response);
    return true;
  }
  const auto& question = is_status ? questions_.status : questions_.metrics;
  question([answer = late(), is_status](std::string body) {
    net::HttpResponse answered;
    if (!is_status) answered.content_type = kMetricsType;
    answered.body = std::move(body);
    answer(std::move(answered));
  });
  return false;
}

bool WorkerService::Events(const net::HttpRequest& request, net::HttpResponse& response,
                           const net::Later& late) {
  if (request.method != "GET") {
    serving::RespondError(serving::kEventsPath, 405, Error::Invalid("method", "expected GET"),
                          response);
    response.headers.emplace_back("Allow", "GET");
    return true;
  }
  const auto reading = evaluations_.Read("");
  if (!reading) {
    serving::RespondError(serving::kEventsPath, base::HttpStatus(reading.error().code()),
                          reading.error(), response);
    return true;
  }
  subscribe_(reading->published->environment, serving::KnownVersion(request), false,
             serving::OpenEventStream(late));
  return false;
}

// Ready means that flags are in force, wherever they came from: an outage of the upstream must not
// take the services down that ask here.
void WorkerService::Ready(net::HttpResponse& response) const {
  const auto reading = evaluations_.Read("");
  std::string_view reason;
  if (draining_.load(std::memory_order_relaxed)) {
    reason = "the daemon is stopping";
  } else if (!reading || reading->published->image == nullptr) {
    reason = "there is no flag set yet: neither upstream, cache nor bootstrap file gave one";
  }
  response.status = reason.empty() ? 200 : 503;
  base::JsonObject object(response.body);
  object.Bool("ready", reason.empty());
  if (!reason.empty()) object.String("reason", reason);
  object.Close();
}

}  // namespace pennon::daemon
