// The REST API under /api/v1: finds the route, reads the body, answers with JSON or a problem.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "net/http_message.h"
#include "store/route.h"

namespace pennon::store {

/// A request copied out of its connection's buffer, from a caller whose token was checked.
struct ApiRequest {
  std::string method;
  std::string path;
  std::string body;
  std::string actor;
};

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

  Ledger& ledger_;
};

/// An error as a problem document.
net::HttpResponse Problem(int status, const base::Error& error);

}  // namespace pennon::store
