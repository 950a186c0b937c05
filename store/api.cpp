#include "store/api.h"

#include <array>

#include "base/digest.h"
#include "store/access.h"
#include "store/definition.h"
#include "store/routes.h"
#include "wire/json.h"
#include "wire/problem.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

// What every change takes.
constexpr std::string_view kChangeParameters = "comment dryRun";

constexpr std::array kRoutes{
    Route{"GET", "/api/v1/environments", ListEnvironments},
    Route{"POST", "/api/v1/environments", CreateEnvironment, "", Role::kAdmin},
    Route{"GET", "/api/v1/environments/{environment}", ShowEnvironment},
    Route{"PUT", "/api/v1/environments/{environment}", ReplaceEnvironment, "", Role::kAdmin},
    Route{"DELETE", "/api/v1/environments/{environment}", DeleteEnvironment, "confirm",
          Role::kAdmin},

    Route{"GET", "/api/v1/flags", ListFlags, "q tag owner lifecycle limit after"},
    Route{"POST", "/api/v1/flags", CreateFlag, "reuseKey"},
    Route{"GET", "/api/v1/flags/{flag}", ShowFlag},
    Route{"PUT", "/api/v1/flags/{flag}", ReplaceFlag},
    Route{"PATCH", "/api/v1/flags/{flag}", PatchFlag},
    Route{"DELETE", "/api/v1/flags/{flag}", DeleteFlag},
    Route{"GET", "/api/v1/flags/{flag}/versions", ListVersions, "limit after"},
    Route{"GET", "/api/v1/flags/{flag}/versions/{version}", ShowVersion},
    Route{"GET", "/api/v1/flags/{flag}/versions/{version}/diff", ShowDifference, "against"},
    Route{"POST", "/api/v1/flags/{flag}/versions/{version}/restore", RestoreVersion},

    Route{"GET", "/api/v1/environments/{environment}/flags", ListConfigs, "limit after"},
    Route{"GET", "/api/v1/environments/{environment}/flags/{flag}", ShowConfig},
    Route{"PUT", "/api/v1/environments/{environment}/flags/{flag}", ReplaceConfig},
    Route{"PATCH", "/api/v1/environments/{environment}/flags/{flag}", PatchConfig},
    Route{"DELETE", "/api/v1/environments/{environment}/flags/{flag}", ResetConfig},
    Route{"GET", "/api/v1/environments/{environment}/flags/{flag}/versions", ListVersions,
          "limit after"},
    Route{"GET", "/api/v1/environments/{environment}/flags/{flag}/versions/{version}", ShowVersion},
    Route{"GET", "/api/v1/environments/{environment}/flags/{flag}/versions/{version}/diff",
          ShowDifference, "against"},
    Route{"POST", "/api/v1/environments/{environment}/flags/{flag}/versions/{version}/restore",
          RestoreVersion},

    Route{"GET", "/api/v1/environments/{environment}/segments", ListSegments, "limit after"},
    Route{"GET", "/api/v1/environments/{environment}/segments/{segment}", ShowSegment},
    Route{"PUT", "/api/v1/environments/{environment}/segments/{segment}", PutSegment},
    Route{"PATCH", "/api/v1/environments/{environment}/segments/{segment}", PatchSegment},
    Route{"DELETE", "/api/v1/environments/{environment}/segments/{segment}", DeleteSegment},
    Route{"GET", "/api/v1/environments/{environment}/segments/{segment}/use", ShowSegmentUse},
    Route{"GET", "/api/v1/environments/{environment}/segments/{segment}/versions", ListVersions,
          "limit after"},
    Route{"GET", "/api/v1/environments/{environment}/segments/{segment}/versions/{version}",
          ShowVersion},
    Route{"GET", "/api/v1/environments/{environment}/segments/{segment}/versions/{version}/diff",
          ShowDifference, "against"},
    Route{"POST",
          "/api/v1/environments/{environment}/segments/{segment}/versions/{version}/restore",
          RestoreVersion},

    Route{"GET", "/api/v1/audit", ListAudit, "actor environment kind key since until limit after"},
    Route{"GET", "/api/v1/audit/export", ExportAudit,
          "actor environment kind key since until limit after"},

    Route{"GET", "/api/v1/environments/{environment}/keys", ListKeys},
    Route{"POST", "/api/v1/environments/{environment}/keys", CreateKey, "", Role::kAdmin},
    Route{"DELETE", "/api/v1/environments/{environment}/keys/{id}", DeleteToken, "", Role::kAdmin},
    Route{"POST", "/api/v1/environments/{environment}/keys/{id}/rotate", RotateToken, "",
          Role::kAdmin},
    Route{"GET", "/api/v1/tokens", ListTokens, "", Role::kAdmin},
    Route{"POST", "/api/v1/tokens", CreateApiToken, "", Role::kAdmin},
    Route{"DELETE", "/api/v1/tokens/{id}", DeleteToken, "", Role::kAdmin},
    Route{"POST", "/api/v1/tokens/{id}/rotate", RotateToken, "", Role::kAdmin},

    Route{"GET", "/api/v1/users", ListUsers, "", Role::kAdmin},
    Route{"POST", "/api/v1/users", CreateUser, "", Role::kAdmin},
    Route{"GET", "/api/v1/users/{user}", ShowUser, "", Role::kAdmin},
    Route{"PUT", "/api/v1/users/{user}", ReplaceUser, "", Role::kAdmin},
    Route{"DELETE", "/api/v1/users/{user}", DeleteUser, "", Role::kAdmin},
    Route{"POST", "/api/v1/users/{user}/invitation", InviteUser, "", Role::kAdmin},

    Route{"GET", "/api/v1/environments/{environment}/schedules", ListSchedules, "limit after"},
    Route{"POST", "/api/v1/environments/{environment}/schedules", CreateSchedule},
    Route{"GET", "/api/v1/environments/{environment}/schedules/{id}", ShowSchedule},
    Route{"DELETE", "/api/v1/environments/{environment}/schedules/{id}", CancelSchedule},

    Route{"GET", "/api/v1/environments/{environment}/fleet", ListDaemons, "limit after"},
    Route{"GET", "/api/v1/environments/{environment}/usage", ShowUsage, "since until"},
    Route{"GET", "/api/v1/environments/{environment}/flags/{flag}/usage", ShowFlagUsage,
          "since until"},

    Route{"POST", "/api/v1/environments/{environment}/import", ImportDocument, "from"},
    Route{"GET", "/api/v1/environments/{environment}/export", ExportDocument, "at"},
    Route{"POST", "/api/v1/environments/{environment}/playground", AskPlayground, "",
          Role::kViewer},
};

int StatusOf(const Error& error) {
  return error.code() == base::ErrorCode::kInvalid ? 422 : base::HttpStatus(error.code());
}

net::HttpResponse ToResponse(Reply reply) {
  net::HttpResponse response;
  response.status = reply.status;
  response.body = std::move(reply.body);
  if (response.body.empty()) response.content_type = {};
  if (!reply.type.empty()) response.content_type = reply.type;
  if (reply.version != 0) response.headers.emplace_back("ETag", VersionTag(reply.version));
  if (!reply.location.empty()) response.headers.emplace_back("Location", std::move(reply.location));
  return response;
}

ReplyKey KeyOf(const ApiRequest& request) {
  return {request.actor, request.idempotency_key,
          base::Sha256Hex(request.method + ' ' + request.path + '?' + request.query + '\n' +
                          request.body)};
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

net::HttpResponse TooBusy(std::int64_t retry_seconds) {
  auto response = Problem(503, Error::Unavailable("", "too many requests are waiting; try again"));
  response.headers.emplace_back("Retry-After", std::to_string(retry_seconds));
  return response;
}

net::HttpResponse TooOften(std::string_view what, std::int64_t wait_millis) {
  auto response = Problem(429, Error::Unavailable("", what));
  response.headers.emplace_back("Retry-After", std::to_string(wait_millis / 1000 + 1));
  return response;
}

net::HttpResponse Api::Handle(const ApiRequest& request) {
  std::string allowed;
  for (const Route& route : kRoutes) {
    auto names = Match(route.pattern, request.path);
    if (!names) continue;
    if (route.method == request.method) {
      if (auto may = CheckAccess(request.grant, route, *names); !may) {
        return Problem(403, may.error());
      }
      return Run(route, request, *std::move(names));
    }
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  if (!allowed.empty()) return NotAllowed(request, allowed);
  return Problem(404, Error::NotFound("path", "there is nothing at this path"));
}

net::HttpResponse Api::Run(const Route& route, const ApiRequest& request,
                           std::vector<std::string> names) {
  Call call{ledger_, request, std::move(names), {}, {}, {}, {}};
  auto query = Query::Parse(request.query);
  if (!query) return Problem(400, query.error());
  if (auto known = query->Only(route.parameters, route.Changes() ? kChangeParameters : "");
      !known) {
    return Problem(400, known.error());
  }
  call.query = *std::move(query);
  if (auto valid = CheckComment(call.query.Text("comment")); !valid) {
    return Problem(400, valid.error());
  }
  if (route.IsGuarded()) {
    auto precondition = ReadPrecondition(request.if_match, request.if_none_match);
    if (!precondition) return Problem(400, precondition.error());
    call.precondition = *precondition;
  }
  if (request.idempotency_key.size() > kMaxIdempotencyKeyBytes) {
    return Problem(
        400, Error::Limit("Idempotency-Key",
                          "is longer than " + std::to_string(kMaxIdempotencyKeyBytes) + " bytes"));
  }
  if (!IsText(request.idempotency_key)) {
    return Problem(400, Error::Invalid("Idempotency-Key", "is not UTF-8"));
  }
  if (route.TakesDocument()) {
    auto document = wire::ReadJson(request.body);
    if (!document) return Problem(400, document.error());
    if (document->AsObject() == nullptr) {
      return Problem(400, Error::Invalid("body", "is " + std::string(TypeName(*document)) +
                                                     ", expected an object"));
    }
    call.document = *std::move(document);
  }
  const bool is_once = route.Creates() && !request.idempotency_key.empty();
  if (is_once) call.once = KeyOf(request);
  auto reply = is_once ? AnswerOnce(route, call) : Answer(route, call);
  if (reply) return ToResponse(*std::move(reply));
  if (reply.error().code() == base::ErrorCode::kOutdated) return Outdated(request, reply.error());
  return Problem(StatusOf(reply.error()), reply.error());
}

Result<Reply> Api::Answer(const Route& route, const Call& call) {
  auto dry_run = call.query.Flag("dryRun");
  if (!dry_run) return Fail(dry_run.error());
  if (!*dry_run || !route.Changes()) return route.handler(call);
  Result<Reply> reply;
  auto done = ledger_.Rehearse([&] { reply = route.handler(call); });
  if (!done) return Fail(done.error());
  return reply;
}

// What was done is answered as then; an answer that had a secret in it is not kept.
Result<Reply> Api::AnswerOnce(const Route& route, const Call& call) {
  Replies replies(ledger_.database());
  auto known = replies.Find(call.once);
  if (!known) return Fail(known.error());
  if (!*known) {
    auto reply = Answer(route, call);
    if (reply && !route.ShowsSecret()) {
      static_cast<void>(replies.Keep(
          call.once, {"", reply->status, reply->body, reply->location, reply->version}));
    }
    return reply;
  }
  StoredReply& stored = **known;
  if (stored.digest != call.once.digest) {
    return Fail(Error::Conflict("Idempotency-Key", "was used for another request"));
  }
  if (stored.status == 0) {
    return Fail(Error::Conflict("Idempotency-Key",
                                "this was done already; what it answered is not shown again"));
  }
  return Reply{stored.status, std::move(stored.body), std::move(stored.location), stored.version};
}

net::HttpResponse Api::Outdated(const ApiRequest& request, const Error& error) {
  ApiRequest read = request;  // who may change it may read it
  read.method = "GET";
  read.query.clear();
  // What is restored is at the path that its versions are below.
  if (read.path.ends_with("/restore")) read.path.resize(read.path.rfind("/versions/"));
  const net::HttpResponse current = Handle(read);
  if (current.status != 200) return Problem(412, error);
  net::HttpResponse response;
  response.status = 412;
  response.content_type = wire::kProblemType;
  response.body = wire::ProblemDocument(412, error, current.body);
  response.headers = current.headers;
  return response;
}

}  // namespace pennon::store
