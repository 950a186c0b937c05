// What one worker serves: evaluations over frames and HTTP, and the endpoints for operators.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "net/http_message.h"
#include "serving/evaluation_http.h"
#include "serving/evaluation_service.h"
#include "serving/subscriber.h"

namespace pennon::daemon {

/// Answers /status or /metrics from the control thread, through `done`.
using ControlQuestion = std::function<void(std::function<void(std::string)> done)>;

/// Tells a subscriber of changes of an environment from now on; see ChangeFeed::Subscribe.
using Subscribe = std::function<void(std::string environment, std::string known, bool tell_always,
                                     std::shared_ptr<serving::Subscriber> subscriber)>;

struct ControlQuestions {
  ControlQuestion status;
  ControlQuestion metrics;
};

/// Confined to one worker.
class WorkerService {
 public:
  /// Borrows the questions and the draining mark.
  WorkerService(const base::Clock& clock, const ControlQuestions& questions,
                const std::atomic<bool>& draining, Subscribe subscribe);

  serving::EvaluationService& evaluations() { return evaluations_; }
  /// Handles requests of the Unix socket: whoever may connect to it may ask.
  net::HttpHandler& unix_handler() { return unix_handler_; }
  /// Handles requests of the loopback TCP port, where web pages could send some as well.
  net::HttpHandler& loopback_handler() { return loopback_handler_; }

 private:
  class Handler final : public net::HttpHandler {
   public:
    Handler(WorkerService& service, bool is_loopback)
        : service_(service), is_loopback_(is_loopback) {}
    bool Handle(net::HttpRequest& request, net::HttpResponse& response,
                const net::Later& late) override;

   private:
    WorkerService& service_;
    bool is_loopback_;
  };

  bool Route(net::HttpRequest& request, net::HttpResponse& response, const net::Later& late);
  bool Events(const net::HttpRequest& request, net::HttpResponse& response, const net::Later& late);
  void Ready(net::HttpResponse& response) const;

  const ControlQuestions& questions_;
  const std::atomic<bool>& draining_;
  Subscribe subscribe_;
  serving::EvaluationService evaluations_;
  serving::EvaluationHttp evaluation_http_{evaluations_};
  Handler unix_handler_{*this, false};
  Handler loopback_handler_{*this, true};
};

}  // namespace pennon::daemon
