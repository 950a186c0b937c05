#include "daemon/worker_service.h"

#include "base/json_text.h"
#include "daemon/request_guard.h"
#include "serving/event_stream.h"
#include "serving/url_path.h"

namespace pennon::daemon {
namespace {

using base::Error;

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

bool IsGet(const net::HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

void RefuseMethod(std::string_view path, std::string_view expected, net::HttpResponse& response) {
  serving::RespondError(path, 405, Error::Invalid("method", "expected " + std::string(expected)),
                        response);
  response.headers.emplace_back("Allow", expected);
}

bool IsForOperators(std::string_view path) {
  return path == "/livez" || path == "/readyz" || path == "/status" || path == "/metrics";
}

}  // namespace

class WorkerService::Handler final : public net::HttpHandler {
 public:
  Handler(WorkerService& service, Door door, serving::Grant grant)
      : service_(service), door_(door), grant_(std::move(grant)) {}

  bool Handle(net::HttpRequest& request, net::HttpResponse& response,
              const net::Later& late) override {
    const std::string_view path = serving::WithoutDoubleSlash(request.path);
    // Or a client would send its next request into a connection that is being closed.
    response.close = service_.draining_.load(std::memory_order_relaxed);
    const HttpAccess& access = *service_.access_;
    const BearerToken* const token =
        door_ == Door::kAdmin ? nullptr : FindToken(request, path, access.tokens);
    const bool lacks_token = token == nullptr && !access.tokens.empty();
    if (const auto refusal = RefuseRequest(request, path, door_, lacks_token)) {
      const int status = base::HttpStatus(refusal->code());
      serving::RespondError(path, status, *refusal, response);
      if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
      return true;
    }
    serving::HttpCaller caller{access.environment, true, "", &grant_};
    if (token != nullptr) {
      if (!token->environment.empty()) caller.environment = token->environment;
      if (door_ == Door::kLoopback) {
        caller.ticket = token->ticket;
        caller.grant = &token->grant;
      }
    }
    return service_.Route(request, path, door_, caller, response, late);
  }

 private:
  WorkerService& service_;
  Door door_;
  serving::Grant grant_;
};

WorkerService::WorkerService(const base::Clock& clock, const ControlQuestions& questions,
                             const std::atomic<bool>& draining, serving::Subscribe subscribe)
    : questions_(questions),
      draining_(draining),
      subscribe_(std::move(subscribe)),
      evaluations_(clock) {}

std::unique_ptr<net::HttpHandler> WorkerService::MakeHandler(Door door, serving::Grant grant) {
  return std::make_unique<Handler>(*this, door, std::move(grant));
}

bool WorkerService::Route(net::HttpRequest& request, std::string_view path, Door door,
                          const serving::HttpCaller& caller, net::HttpResponse& response,
                          const net::Later& late) {
  if (door != Door::kAdmin) {
    if (path == serving::kEventsPath) return Events(request, caller, response, late);
    if (evaluation_http_.Handle(request, caller, response)) return true;
  }
  if (!IsForOperators(path)) {
    serving::RespondError(
        path, 404,
        Error::NotFound("path", door == Door::kAdmin
                                    ? "is not known; known are /livez, /readyz, /status and "
                                      "/metrics"
                                    : "is not known; known are /evaluate, "
                                      "/ofrep/v1/evaluate/flags, /livez, /readyz, /status and "
                                      "/metrics"),
        response);
    return true;
  }
  if (!IsGet(request)) {
    RefuseMethod(path, "GET, HEAD", response);
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
  const bool is_status = path == "/status";
  const auto& question = is_status ? questions_.status : questions_.metrics;
  question(*caller.grant, [answer = late(), is_status, &draining = draining_](std::string body) {
    net::HttpResponse answered;
    answered.close = draining.load(std::memory_order_relaxed);
    if (!is_status) answered.content_type = kMetricsType;
    answered.body = std::move(body);
    answer(std::move(answered));
  });
  return false;
}

bool WorkerService::Events(const net::HttpRequest& request, const serving::HttpCaller& caller,
                           net::HttpResponse& response, const net::Later& late) {
  if (request.method != "GET") {
    RefuseMethod(serving::kEventsPath, "GET", response);
    return true;
  }
  const auto reading = evaluations_.ReadFor(caller.environment, *caller.grant);
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
  std::string_view reason;
  if (draining_.load(std::memory_order_relaxed)) {
    reason = "the daemon is stopping";
  } else if (!evaluations_.IsReady()) {
    reason = "there is no flag set yet: neither upstream, cache nor bootstrap file gave one";
  }
  response.status = reason.empty() ? 200 : 503;
  base::JsonObject object(response.body);
  object.Bool("ready", reason.empty());
  if (!reason.empty()) object.String("reason", reason);
  object.Close();
}

}  // namespace pennon::daemon
