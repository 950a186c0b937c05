// What one worker serves: evaluations over frames and HTTP, and the endpoints for operators.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "net/http_message.h"
#include "serving/evaluation_http.h"
#include "serving/evaluation_service.h"
#include "serving/frame_protocol.h"
#include "serving/grant.h"

namespace pennon::daemon {

/// Answers /status or /metrics, each as far as the viewer may see it, from the control thread.
struct ControlQuestions {
  serving::StatusRequest status;
  serving::StatusRequest metrics;  // text for Prometheus
};

/// Which listener a request came to.
enum class Door : std::uint8_t {
  kUnix,      // the socket's mode and the peer's grant say who may ask
  kLoopback,  // any user of the host can connect, and make a browser do so
  kAdmin,     // probes and scrapes, perhaps from elsewhere: health and metrics only
};

/// What loopback HTTP asks for.
struct BearerToken {
  std::string token;   // never empty
  std::string ticket;  // for event streams, which browsers open without headers; from the token
  std::string environment;  // what a request with it means; "": see HttpAccess
  serving::Grant grant;     // of requests over loopback

  /// What a caller presents, and what it means.
  bool operator==(const BearerToken& other) const {
    return token == other.token && environment == other.environment;
  }
};
using BearerTokens = std::vector<BearerToken>;

/// Who may ask over HTTP, and which environment a request means; shared by all workers, immutable.
struct HttpAccess {
  BearerTokens tokens;      // loopback requests must present one of them; none: nothing
  std::string environment;  // of requests without a token of one; "": the only one there is
};

/// Confined to one worker.
class WorkerService {
 public:
  /// Borrows the questions and the draining mark.
  WorkerService(const base::Clock& clock, const ControlQuestions& questions,
                const std::atomic<bool>& draining, serving::Subscribe subscribe);

  serving::EvaluationService& evaluations() { return evaluations_; }
  /// What counts from now on; not null.
  void SetAccess(std::shared_ptr<const HttpAccess> access) { access_ = std::move(access); }

  /// The handler of one connection, which must not outlive the service.
  [[nodiscard]] std::unique_ptr<net::HttpHandler> MakeHandler(Door door, serving::Grant grant);

 private:
  class Handler;

  bool Route(net::HttpRequest& request, std::string_view path, Door door,
             const serving::HttpCaller& caller, net::HttpResponse& response,
             const net::Later& late);
  bool Events(const net::HttpRequest& request, const serving::HttpCaller& caller,
              net::HttpResponse& response, const net::Later& late);
  void Ready(net::HttpResponse& response) const;

  const ControlQuestions& questions_;
  const std::atomic<bool>& draining_;
  serving::Subscribe subscribe_;
  std::shared_ptr<const HttpAccess> access_ = std::make_shared<HttpAccess>();
  serving::EvaluationService evaluations_;
  serving::EvaluationHttp evaluation_http_{evaluations_};
};

}  // namespace pennon::daemon
