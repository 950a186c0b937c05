#include "store/request_handler.h"

#include <algorithm>
#include <cctype>

#include "base/digest.h"
#include "base/gzip.h"
#include "base/version.h"
#include "store/held_memory.h"
#include "store/late_while_draining.h"
#include "store/openapi.h"
#include "store/other_sites.h"
#include "store/page.h"
#include "store/reply_json.h"
#include "wire/json.h"

namespace pennon::store {
namespace {

using base::Error;
using serving::RespondError;

constexpr std::string_view kSyncPath = "/sync/v1/flagset";
constexpr std::string_view kStreamPath = "/sync/v1/stream";
constexpr std::string_view kReportPath = "/sync/v1/report";
constexpr std::string_view kApiPrefix = "/api/v1/";
constexpr std::size_t kMaxRequestIdBytes = 64;
constexpr std::int64_t kFullSeconds = 30;  // until a daemon that found no room should come again
constexpr std::size_t kMinGzipBytes = 1400;

void RefuseMethod(const net::HttpRequest& request, const std::string& expected,
                  std::string_view allowed, net::HttpResponse& response) {
  RespondError(request.path, 405, Error::Invalid("method", "expected " + expected), response);
  response.headers.emplace_back("Allow", allowed);
}

// Answers 405 and returns false unless the method is GET.
bool AcceptGet(const net::HttpRequest& request, net::HttpResponse& response) {
  if (request.method == "GET" || request.method == "HEAD") return true;
  RefuseMethod(request, "GET", "GET, HEAD", response);
  return false;
}

// The same for a stream, which HEAD would begin for nobody to read.
bool AcceptStream(const net::HttpRequest& request, net::HttpResponse& response) {
  if (request.method == "GET") return true;
  RefuseMethod(request, "GET", "GET", response);
  return false;
}

// The caller's own id when it has one that a log can bear.
std::string RequestId(std::string_view given) {
  const bool usable =
      !given.empty() && given.size() <= kMaxRequestIdBytes &&
      std::all_of(given.begin(), given.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
      });
  return usable ? std::string(given) : base::RandomToken("", 8);
}

void AppendEnvironmentStatus(std::string& out, const std::shared_ptr<const EnvironmentSet>& set) {
  base::JsonObject object(out);
  object.String("environment", set->environment);
  object.Uint("epoch", set->epoch).Uint("revision", set->revision);
  object.Uint("flags", set->flags.flags.size()).Uint("segments", set->flags.segments.size());
  AppendList(object.Key("quarantined"), set->diagnostics,
             [](std::string& list, const model::Diagnostic& diagnostic) {
               base::AppendJsonString(list, diagnostic.error.Message());
             });
  object.Close();
}

// What a copy takes that can be long.
std::size_t SizeOf(const net::HttpRequest& request) {
  return request.path.size() + request.query.size() + request.body.size();
}

ApiRequest CopyOf(const net::HttpRequest& request, const Grant& grant) {
  ApiRequest copy;
  copy.method = request.method;
  copy.path = request.path;
  copy.body.assign(request.body.data(), request.body.size());
  copy.grant = grant;
  copy.actor = grant.Actor();
  copy.query = request.query;
  copy.if_match = request.Header("If-Match");
  copy.if_none_match = request.Header("If-None-Match");
  copy.accepts_gzip = base::AcceptsGzip(request.Header("Accept-Encoding"));
  copy.idempotency_key = request.Header("Idempotency-Key");
  copy.id = RequestId(request.Header("X-Request-Id"));
  return copy;
}

void Compress(net::HttpResponse& response) {
  if (response.body.size() < kMinGzipBytes) return;
  response.body = base::Gzip(response.body);
  response.headers.emplace_back("Content-Encoding", "gzip");
  response.headers.emplace_back("Vary", "Accept-Encoding");
}

void RunApi(const RequestServices& services, Api& api, const ApiRequest& request,
            const net::LateResponse& reply) {
  net::HttpResponse response = api.Handle(request);
  if (request.accepts_gzip) Compress(response);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("X-Request-Id", request.id);
  if (response.status >= 400) ++services.metrics.api_errors;
  const auto log = request.method == "GET" ? &base::Logger::Debug : &base::Logger::Info;
  (services.log.*log)("api", {{"method", request.method},
                              {"path", WithoutTokens(request.path)},
                              {"status", response.status},
                              {"actor", request.actor},
                              {"request", request.id}});
  reply(std::move(response));
}

}  // namespace

bool RequestHandler::Handle(net::HttpRequest& request, net::HttpResponse& response,
                            const net::Later& late) {
  const bool is_answered = Route(request, response, LateWhileDraining(late, services_.draining));
  // Or a client would send its next request into a connection that is being closed.
  response.close = services_.draining.load(std::memory_order_relaxed);
  return is_answered;
}

bool RequestHandler::Route(net::HttpRequest& request, net::HttpResponse& response,
                           const net::Later& late) {
  if (serving::EvaluationHttp::Owns(request.path)) {
    HandleEvaluation(request, response);
  } else if (request.path == kSyncPath || request.path == kStreamPath) {
    return HandleSync(request, response, late);
  } else if (request.path == kReportPath) {
    return HandleReport(request, response, late);
  } else if (SignIn::Owns(request.path)) {
    return HandleSignIn(request, response, late);
  } else if (request.path == kEventsPath) {
    return HandleEvents(request, response, late);
  } else if (request.path.starts_with(kApiPrefix)) {
    return HandleApi(request, response, late);
  } else if (!HandleOperations(request, response) && !ServePage(request, response)) {
    RespondError(request.path, 404, Error::NotFound("path", "there is nothing at this path"),
                 response);
  }
  return true;
}

void RequestHandler::PutEnvironment(const EnvironmentSet& set,
                                    std::shared_ptr<const SyncBody> body) {
  service_.Publish(PublishedForServices(set));
  client_service_.Publish(PublishedForClients(set));
  feed_.Put(std::move(body));
}

void RequestHandler::RemoveEnvironment(const std::string& environment) {
  service_.Remove(environment);
  client_service_.Remove(environment);
  feed_.Remove(environment);
}

std::optional<Grant> RequestHandler::Identify(const net::HttpRequest& request,
                                              net::HttpResponse& response) {
  auto grant = credentials_->Identify(request, services_.clock.Wall());
  if (grant) {
    services_.token_use.Note(grant->id, services_.clock.Wall());
    return *std::move(grant);
  }
  ++services_.metrics.refused;
  RespondError(request.path, 401, grant.error(), response);
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return std::nullopt;
}

void RequestHandler::Forbid(const net::HttpRequest& request, std::string_view expected,
                            net::HttpResponse& response) {
  ++services_.metrics.refused;
  RespondError(request.path, 403,
               Error::Forbidden("Authorization",
                                "this token may not do that; expected " + std::string(expected)),
               response);
}

bool RequestHandler::HandleSignIn(const net::HttpRequest& request, net::HttpResponse& response,
                                  const net::Later& late) {
  return services_.sign_in.Handle(request, services_.proxies.CallerOf(request), credentials_,
                                  response, late);
}

bool RequestHandler::HandleOperations(const net::HttpRequest& request,
                                      net::HttpResponse& response) {
  if (request.path == "/openapi.json") {
    if (!AcceptGet(request, response)) return true;
    response.body = OpenApiDocument();
    if (base::AcceptsGzip(request.Header("Accept-Encoding"))) Compress(response);
    return true;
  }
  if (request.path == "/status") {
    if (AcceptGet(request, response)) ShowStatus(request, response);
    return true;
  }
  const bool is_health = request.path == "/livez" || request.path == "/readyz";
  if (!is_health && request.path != "/metrics") return false;
  if (!AcceptGet(request, response)) return true;
  response.content_type = is_health ? "text/plain; charset=utf-8" : "text/plain; version=0.0.4";
  response.body = is_health ? "ok\n" : services_.metrics.Text();
  return true;
}

std::vector<std::shared_ptr<const EnvironmentSet>> RequestHandler::ReadableSets(
    const Roles& roles) const {
  auto sets = feed_.Sets();
  std::erase_if(sets, [&](const auto& set) { return roles.In(set->environment) < Role::kViewer; });
  return sets;
}

// For people: what is in force where they may read, and whether all is well.
void RequestHandler::ShowStatus(const net::HttpRequest& request, net::HttpResponse& response) {
  const auto grant = Identify(request, response);
  if (!grant) return;
  if (grant->roles.Most() < Role::kViewer) return Forbid(request, "a token for the API", response);
  const net::ListenerCounts connections = services_.metrics.Connections();
  base::JsonObject object(response.body);
  object.String("version", base::Version());
  object.Bool("databaseAnswers", services_.metrics.database_answers);
  object.Uint("connections", connections.open).Int("streams", services_.metrics.streams);
  AppendList(object.Key("environments"), ReadableSets(grant->roles), AppendEnvironmentStatus);
  object.Close();
}

void RequestHandler::HandleEvaluation(net::HttpRequest& request, net::HttpResponse& response) {
  const bool is_preflight = request.method == "OPTIONS";
  if (is_preflight) return AllowOtherSites(response);
  const auto grant = Identify(request, response);
  if (!grant || grant->kind == TokenKind::kClient) ShowToOtherSites(response);
  if (!grant) return;
  if (grant->kind == TokenKind::kClient) {
    client_evaluation_.Handle(request, grant->environment, response);
  } else if (grant->kind && !IsForApi(*grant->kind)) {
    evaluation_.Handle(request, grant->environment, response);
  } else {
    EvaluateForReader(request, grant->roles, response);
  }
}

// A caller of the API evaluates where it may read, and names no environment: it means the only one.
void RequestHandler::EvaluateForReader(net::HttpRequest& request, const Roles& roles,
                                       net::HttpResponse& response) {
  const auto readable = ReadableSets(roles);
  if (readable.empty()) return Forbid(request, "the role viewer in an environment", response);
  evaluation_.Handle(request, readable.size() == 1 ? readable.front()->environment : "", response);
}

bool RequestHandler::HandleSync(const net::HttpRequest& request, net::HttpResponse& response,
                                const net::Later& late) {
  const bool is_stream = request.path == kStreamPath;
  const auto& accept = is_stream ? AcceptStream : AcceptGet;
  if (!accept(request, response)) return true;
  const auto grant = Identify(request, response);
  if (!grant) return true;
  if (grant->kind != TokenKind::kSync) {
    Forbid(request, "the sync key of an environment", response);
    return true;
  }
  if (is_stream) {
    if (services_.metrics.streams >= services_.max_streams) {
      response = TooBusy(kFullSeconds);
      return true;
    }
    feed_.Subscribe(request, grant->environment, late);
    return false;
  }
  return feed_.Answer(request, grant->environment, response, late);
}

bool RequestHandler::HandleReport(const net::HttpRequest& request, net::HttpResponse& response,
                                  const net::Later& late) {
  const auto grant = Identify(request, response);
  if (!grant) return true;
  if (grant->kind != TokenKind::kSync) {
    Forbid(request, "the sync key of an environment", response);
    return true;
  }
  if (request.method != "POST") {
    RefuseMethod(request, "POST", "POST", response);
    return true;
  }
  auto document = wire::ReadJson({request.body.data(), request.body.size()});
  if (!document) {
    response = Problem(400, document.error());
    return true;
  }
  auto report = ReadReport(grant->environment, *document);
  if (!report) {
    response = Problem(422, report.error());
    return true;
  }
  const auto wait = services_.reports.TakeTurn(grant->Actor(), report->instance);
  if (wait) {
    response = TooOften("this daemon reports too often", *wait);
    return true;
  }
  // Not refused: a daemon with a wrong clock would send it for ever.
  if (const auto dropped = DropUntimely(*report, services_.clock.Wall()); dropped > 0) {
    services_.log.Warn("usage of a wrong time is not counted",
                       {{"environment", report->environment},
                        {"instance", report->instance},
                        {"batches", std::uint64_t{dropped}}});
  }
  const net::LateResponse reply = late();
  const auto answer = [reply, &metrics = services_.metrics](const base::Result<void>& done) {
    net::HttpResponse late_response;
    late_response.status = 204;
    late_response.content_type = {};
    if (done) ++metrics.reports;
    reply(done ? std::move(late_response) : Problem(503, done.error()));
  };
  if (!services_.reports.Take(*std::move(report), answer)) reply(TooBusy());
  return false;
}

bool RequestHandler::TakeTurn(const Grant& grant, net::HttpResponse& response) {
  ++services_.metrics.api_requests;
  const auto wait = services_.api_rate.Take(grant.Actor(), services_.clock.Steady());
  if (wait) response = TooOften("this token sends too many requests", *wait);
  return !wait;
}

bool RequestHandler::HandleEvents(const net::HttpRequest& request, net::HttpResponse& response,
                                  const net::Later& late) {
  if (!AcceptStream(request, response)) return true;
  const auto grant = Identify(request, response);
  if (!grant || !TakeTurn(*grant, response)) return true;
  if (grant->roles.Most() < Role::kViewer) {
    Forbid(request, "the role viewer in an environment", response);
    return true;
  }
  auto seat = services_.event_seats.Take(grant->Actor());
  if (!seat) {
    response = seat.error().code() == base::ErrorCode::kLimit
                   ? TooOften(seat.error().what(), kFullSeconds * 1000)
                   : TooBusy(kFullSeconds);
    return true;
  }
  events_.Subscribe(request, *grant, *std::move(seat), late);
  return false;
}

bool RequestHandler::HandleApi(const net::HttpRequest& request, net::HttpResponse& response,
                               const net::Later& late) {
  const auto grant = Identify(request, response);
  if (!grant) return true;
  if (!TakeTurn(*grant, response)) return true;
  if (auto same = CheckSameSite(request);
      !same && !grant->user.empty() && request.method != "GET") {
    ++services_.metrics.refused;
    response = Problem(403, same.error());
    return true;
  }
  if (!request.body.empty() && !request.MayBeJson()) {
    RespondError(request.path, 415, Error::Invalid("Content-Type", "expected application/json"),
                 response);
    return true;
  }
  const auto held = Hold(services_.memory, SizeOf(request));
  if (!held) {
    response = TooBusy();
    return true;
  }
  const auto copy = std::make_shared<const ApiRequest>(CopyOf(request, *grant));
  const net::LateResponse reply = late();
  const auto run = [&services = services_, copy, reply, held = *held](Api& api) {
    RunApi(services, api, *copy, reply);
  };
  const bool is_taken =
      copy->method == "GET"
          ? services_.readers.Post(run)
          : services_.database_thread.Post([run, &api = services_.api] { run(api); });
  if (!is_taken) reply(TooBusy());
  return false;
}

}  // namespace pennon::store
