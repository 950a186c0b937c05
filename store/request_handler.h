// Every HTTP request of the store, on one worker: health, metrics, evaluation and the sync feed are
// answered here from memory; the REST API is handed to the database's thread.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/task_thread.h"
#include "net/http_message.h"
#include "net/memory_budget.h"
#include "serving/evaluation_http.h"
#include "serving/evaluation_service.h"
#include "store/api.h"
#include "store/credentials.h"
#include "store/event_feed.h"
#include "store/origin.h"
#include "store/reader_pool.h"
#include "store/report_intake.h"
#include "store/sign_in.h"
#include "store/store_metrics.h"
#include "store/sync_feed.h"
#include "store/token_use.h"

namespace pennon::store {

/// What all workers share. Not owned; must outlive the handlers.
struct RequestServices {
  Api& api;  // for changes; used on the database's thread only
  base::TaskThread& database_thread;
  ReaderPool& readers;
  StoreMetrics& metrics;
  TokenUse& token_use;
  ReportIntake& reports;
  base::Logger& log;
  const base::Clock& clock;
  SignIn& sign_in;
  RateLimiter& api_rate;  // of one token or user
  const TrustedProxies& proxies;
  StreamSeats& event_seats;
  std::int64_t max_streams;  // of daemons, of all workers
  const std::atomic<bool>& draining;
  net::MemoryBudget& memory;  // of the connections, and of what waits
  SyncPress& sync_press;
};

/// Confined to its worker, but for evaluation_counts().
class RequestHandler final : public net::HttpHandler {
 public:
  explicit RequestHandler(const RequestServices& services)
      : services_(services),
        service_(services.clock),
        client_service_(services.clock),
        feed_(services.metrics, services.sync_press) {}

  bool Handle(net::HttpRequest& request, net::HttpResponse& response,
              const net::Later& late) override;

  void SetCredentials(std::shared_ptr<const Credentials> credentials) {
    credentials_ = std::move(credentials);
    CheckStreams();
  }
  void PutNews(std::shared_ptr<const News> news) { events_.Put(std::move(news)); }
  void PutEnvironment(const EnvironmentSet& set, std::shared_ptr<const SyncBody> body);
  void RemoveEnvironment(const std::string& environment);
  bool TellSome(const std::string& environment) { return feed_.TellSome(environment); }
  bool TellSome() { return feed_.TellSome(); }
  bool AnswerOne(const Pressed& pressed) { return feed_.AnswerOne(pressed); }
  void Beat() {
    CheckStreams();  // some credentials end without being told
    feed_.Beat();
    static_assert(kMaxEventStreams <= std::int64_t{kStreamsAtOnce});  // so these are done at once
    events_.Beat();
  }
  void EndStreams() {
    feed_.EndStreams();
    events_.EndStreams();
  }

  /// Of both services.
  [[nodiscard]] std::array<const serving::EvaluationCounts*, 2> evaluation_counts() const {
    return {&service_.counts(), &client_service_.counts()};
  }

 private:
  bool Route(net::HttpRequest& request, net::HttpResponse& response, const net::Later& late);
  /// Ends the streams of those who may follow them no more.
  void CheckStreams() {
    feed_.Check(*credentials_, services_.clock.Wall());
    events_.Check(*credentials_, services_.clock.Wall());
  }
  /// Who sent the request; answers 401 and returns none when nobody known did.
  std::optional<Grant> Identify(const net::HttpRequest& request, net::HttpResponse& response);
  void Forbid(const net::HttpRequest& request, std::string_view expected,
              net::HttpResponse& response);
  bool HandleSignIn(const net::HttpRequest& request, net::HttpResponse& response,
                    const net::Later& late);
  bool HandleOperations(const net::HttpRequest& request, net::HttpResponse& response);
  void HandleEvaluation(net::HttpRequest& request, net::HttpResponse& response);
  void EvaluateForReader(net::HttpRequest& request, const Roles& roles,
                         net::HttpResponse& response);
  bool HandleSync(const net::HttpRequest& request, net::HttpResponse& response,
                  const net::Later& late);
  /// Those of environments that the caller may read.
  [[nodiscard]] std::vector<std::shared_ptr<const EnvironmentSet>> ReadableSets(
      const Roles& roles) const;
  void ShowStatus(const net::HttpRequest& request, net::HttpResponse& response);
  bool HandleReport(const net::HttpRequest& request, net::HttpResponse& response,
                    const net::Later& late);
  bool HandleEvents(const net::HttpRequest& request, net::HttpResponse& response,
                    const net::Later& late);
  /// Answers 429 and returns false when the caller has asked too often.
  bool TakeTurn(const Grant& grant, net::HttpResponse& response);
  bool HandleApi(const net::HttpRequest& request, net::HttpResponse& response,
                 const net::Later& late);

  const RequestServices& services_;
  // What callers with a secret are answered from, and what those with a client key are.
  serving::EvaluationService service_;
  serving::EvaluationService client_service_;
  serving::EvaluationHttp evaluation_{service_};
  serving::EvaluationHttp client_evaluation_{client_service_};
  SyncFeed feed_;
  EventFeed events_;
  std::shared_ptr<const Credentials> credentials_;
};

}  // namespace pennon::store
