// The REST API under /api/v1: finds the route, reads the body, answers with JSON or a problem.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "net/http_message.h"
#include "store/route.h"

namespace pennon::store {

/// All routes, in the order of docs/store-api.md.
std::span<const Route> ApiRoutes();

/// Confined to the ledger's thread.
class Api {
 public:
  explicit Api(Ledger& ledger) : ledger_(ledger) {}
  net::HttpResponse Handle(const ApiRequest& request);

 private:
  net::HttpResponse Run(const Route& route, const ApiRequest& request,
                        std::vector<std::string> names);
  base::Result<Reply> Answer(const Route& route, const Call& call);
  base::Result<Reply> AnswerOnce(const Route& route, const Call& call);
  /// What the caller of a change that came too late has to read anyway.
  net::HttpResponse Outdated(const ApiRequest& request, const base::Error& error);

  Ledger& ledger_;
};

/// An error as a problem document.
net::HttpResponse Problem(int status, const base::Error& error);
/// 503: too much waits for the thread that would do it.
net::HttpResponse TooBusy(std::int64_t retry_seconds = 1);
/// 429, with the seconds to wait.
net::HttpResponse TooOften(std::string_view what, std::int64_t wait_millis);

}  // namespace pennon::store
