#include "store/api.h"

#include <array>

#include "store/routes.h"
#include "wire/json.h"
#include "wire/problem.h"

namespace pennon::store {
namespace {

using base::Error;

constexpr std::array kRoutes{
    Route{"GET", "/api/v1/environments", ListEnvironments},
    Route{"POST", "/api/v1/environments", CreateEnvironment},
    Route{"GET", "/api/v1/environments/{environment}", ShowEnvironment},
    Route{"PUT", "/api/v1/environments/{environment}", RenameEnvironment},
    Route{"DELETE", "/api/v1/environments/{environment}", DeleteEnvironment},

    Route{"GET", "/api/v1/flags", ListFlags},
    Route{"POST", "/api/v1/flags", CreateFlag},
    Route{"GET", "/api/v1/flags/{flag}", ShowFlag},
    Route{"PUT", "/api/v1/flags/{flag}", ReplaceFlag},
    Route{"DELETE", "/api/v1/flags/{flag}", DeleteFlag},

    Route{"GET", "/api/v1/environments/{environment}/flags", ListConfigs},
    Route{"GET", "/api/v1/environments/{environment}/flags/{flag}", ShowConfig},
    Route{"PUT", "/api/v1/environments/{environment}/flags/{flag}", ReplaceConfig},
    Route{"DELETE", "/api/v1/environments/{environment}/flags/{flag}", ResetConfig},

    Route{"GET", "/api/v1/environments/{environment}/segments", ListSegments},
    Route{"GET", "/api/v1/environments/{environment}/segments/{segment}", ShowSegment},
    Route{"PUT", "/api/v1/environments/{environment}/segments/{segment}", PutSegment},
    Route{"DELETE", "/api/v1/environments/{environment}/segments/{segment}", DeleteSegment},

    Route{"GET", "/api/v1/environments/{environment}/keys", ListKeys},
    Route{"POST", "/api/v1/environments/{environment}/keys", CreateKey},
    Route{"DELETE", "/api/v1/environments/{environment}/keys/{id}", DeleteKey},

    Route{"POST", "/api/v1/environments/{environment}/import", ImportDocument},
};

int StatusOf(const Error& error) {
  return error.code() == base::ErrorCode::kInvalid ? 422 : base::HttpStatus(error.code());
}

net::HttpResponse ToResponse(Reply reply) {
  net::HttpResponse response;
  response.status = reply.status;
  response.body = std::move(reply.body);
  if (response.body.empty()) response.content_type = {};
  if (!reply.location.empty()) response.headers.emplace_back("Location", std::move(reply.location));
  return response;
}

net::HttpResponse NotAllowed(const ApiRequest& request, const std::string& allowed) {
  auto response = Problem(
      405, Error::Invalid("method", "is " + request.method + ", expected one of: " + allowed));
  response.headers.emplace_back("Allow", allowed);
  return response;
}

}  // namespace

std::span<const Route> ApiRoutes() {
  return kRoutes;
}

net::HttpResponse Problem(int status, const Error& error) {
  net::HttpResponse response;
  response.status = status;
  response.content_type = wire::kProblemType;
  response.body = wire::ProblemDocument(status, error);
  return response;
}

net::HttpResponse Api::Handle(const ApiRequest& request) {
  std::string allowed;
  for (const Route& route : kRoutes) {
    auto names = Match(route.pattern, request.path);
    if (!names) continue;
    if (route.method == request.method) return Run(route, request, *std::move(names));
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  if (!allowed.empty()) return NotAllowed(request, allowed);
  return Problem(404, Error::NotFound("path", "there is nothing at this path"));
}

net::HttpResponse Api::Run(const Route& route, const ApiRequest& request,
                           std::vector<std::string> names) {
  Call call{ledger_, request.actor, std::move(names), request.body, {}};
  if (route.TakesDocument()) {
    auto document = wire::ReadJson(request.body);
    if (!document) return Problem(400, document.error());
    if (document->AsObject() == nullptr) {
      return Problem(400, Error::Invalid("body", "is " + std::string(TypeName(*document)) +
                                                     ", expected an object"));
    }
    call.document = *std::move(document);
  }
  auto reply = route.handler(call);
  if (!reply) return Problem(StatusOf(reply.error()), reply.error());
  return ToResponse(*std::move(reply));
}

}  // namespace pennon::store
