#include "serving/evaluation_http.h"

#include <array>
#include <charconv>

#include "base/json_text.h"
#include "serving/entity_tag.h"
#include "serving/url_path.h"
#include "wire/evaluation_json.h"
#include "wire/problem.h"

namespace pennon::serving {
namespace {

using base::Error;
using model::EvaluationError;

constexpr std::string_view kOfrepFlags = "/ofrep/v1/evaluate/flags";
constexpr std::string_view kEvaluate = "/evaluate";

bool IsOfrep(std::string_view path) {
  return path == "/ofrep" || path.starts_with("/ofrep/");
}

void WriteOfrepError(std::string& out, std::string_view key, std::string_view code,
                     std::string_view detail) {
  base::JsonObject object(out);
  object.String("key", key).String("errorCode", code).String("errorDetails", detail);
  object.Raw("metadata", "{}").Close();
}

int OfrepStatus(EvaluationError error) {
  switch (error) {
    case EvaluationError::kNone:
      return 200;
    case EvaluationError::kFlagNotFound:
      return 404;
    case EvaluationError::kProviderNotReady:
      return 500;  // providers read codes from 400, 404, 500
    default:
      return 400;
  }
}

// The checks that both kinds of endpoint share; answers and returns false when one fails.
bool AcceptPost(const net::HttpRequest& request, std::string_view path,
                net::HttpResponse& response) {
  if (request.method != "POST") {
    RespondError(path, 405, Error::Invalid("method", "expected POST"), response);
    response.headers.emplace_back("Allow", "POST");
    return false;
  }
  if (!request.MayBeJson()) {
    RespondError(path, 415, Error::Invalid("Content-Type", "expected application/json"), response);
    return false;
  }
  return true;
}

void AddStateHeaders(const Reading& reading, net::HttpResponse& response) {
  response.headers.emplace_back("Pennon-Age", std::to_string(reading.age_millis / 1000));
  response.headers.emplace_back("Pennon-Revision", std::to_string(reading.revision()));
  response.headers.emplace_back("Pennon-Source", Name(reading.published->source));
  if (reading.stale) response.headers.emplace_back("Pennon-Stale", "true");
}

}  // namespace

void RespondError(std::string_view path, int status, const base::Error& error,
                  net::HttpResponse& response) {
  response.status = status;
  response.body.clear();
  if (IsOfrep(path)) {
    WriteOfrepError(response.body, "",
                    status == 400 && error.where() != "environment" ? "INVALID_CONTEXT" : "GENERAL",
                    error.Message());
    return;
  }
  response.content_type = wire::kProblemType;
  response.body = wire::ProblemDocument(status, error);
}

bool EvaluationHttp::Owns(std::string_view path) {
  const std::string_view plain = WithoutDoubleSlash(path);
  return plain == kEvaluate || IsOfrep(plain);
}

bool EvaluationHttp::Handle(net::HttpRequest& request, std::string_view environment,
                            net::HttpResponse& response) {
  const std::string_view path = WithoutDoubleSlash(request.path);
  if (IsOfrep(path)) {
    Ofrep(request, path, environment, response);
  } else if (path == kEvaluate) {
    EvaluateRoute(request, environment, response);
  } else {
    return false;
  }
  return true;
}

void EvaluationHttp::Ofrep(net::HttpRequest& request, std::string_view path,
                           std::string_view environment, net::HttpResponse& response) {
  const bool known = path.starts_with(kOfrepFlags) &&
                     (path.size() == kOfrepFlags.size() || path[kOfrepFlags.size()] == '/');
  if (!known) return RespondError(path, 404, Error::NotFound("path", "is not known"), response);
  if (!AcceptPost(request, path, response)) return;
  const auto reading = service_.Read(environment);
  if (!reading) {
    return RespondError(path, base::HttpStatus(reading.error().code()), reading.error(), response);
  }
  const auto read =
      ReadEvaluationRequest(request.body, wire::RequestKind::kOfrep, context_, request_);
  const std::string_view rest = path.substr(std::min(path.size(), kOfrepFlags.size() + 1));
  if (!read) {
    response.status = 400;
    const auto key = PercentDecode(rest);
    WriteOfrepError(response.body, key.value_or(""), "INVALID_CONTEXT", read.error().Message());
  } else if (rest.empty()) {
    OfrepBulk(request, *reading, response);
  } else if (const auto key = PercentDecode(rest)) {
    OfrepSingle(*reading, *key, response);
  } else {
    RespondError(path, 400, Error::Invalid("path", "has a wrong percent-encoding"), response);
  }
}

void EvaluationHttp::OfrepSingle(const Reading& reading, std::string_view key,
                                 net::HttpResponse& response) {
  const Answer answer = service_.Evaluate(reading, key, context_);
  response.status = OfrepStatus(answer.evaluation.error);
  wire::AppendOfrepEvaluation(response.body, key, answer.evaluation);
  AddStateHeaders(reading, response);
}

void EvaluationHttp::OfrepBulk(const net::HttpRequest& request, const Reading& reading,
                               net::HttpResponse& response) {
  const auto keys = service_.Keys(reading);
  if (reading.published->image == nullptr && keys.empty()) {
    response.status = 503;
    WriteOfrepError(response.body, "", "PROVIDER_NOT_READY", "there is no flag set yet");
    response.headers.emplace_back("Retry-After", "1");
    return;
  }
  char separator = '[';
  response.body = "{\"flags\":";
  for (const std::string_view key : keys) {
    response.body += std::exchange(separator, ',');
    wire::AppendOfrepEvaluation(response.body, key,
                                service_.Evaluate(reading, key, context_).evaluation);
  }
  response.body += keys.empty() ? "[]" : "]";
  response.body += ",\"metadata\":{}}";
  // A tag of the answer itself: providers send the old tag along with a changed context.
  std::string tag = EntityTagOf(response.body);
  if (MatchesEntityTag(request.Header("If-None-Match"), tag)) {
    response.status = 304;
    response.body.clear();
    response.content_type = {};
  }
  response.headers.emplace_back("ETag", std::move(tag));
  AddStateHeaders(reading, response);
}

void EvaluationHttp::EvaluateRoute(net::HttpRequest& request, std::string_view environment,
                                   net::HttpResponse& response) {
  if (!AcceptPost(request, kEvaluate, response)) return;
  const auto reading = service_.Read(environment);
  if (!reading) {
    return RespondError(kEvaluate, base::HttpStatus(reading.error().code()), reading.error(),
                        response);
  }
  const auto read =
      ReadEvaluationRequest(request.body, wire::RequestKind::kEvaluate, context_, request_);
  if (!read) return RespondError(kEvaluate, 400, read.error(), response);
  WriteEvaluations(*reading, response.body);
}

void EvaluationHttp::WriteEvaluations(const Reading& reading, std::string& body) {
  base::JsonObject object(body);
  object.String("environment", reading.published->environment);
  object.Uint("epoch", reading.epoch()).Uint("revision", reading.revision());
  object.String("source", Name(reading.published->source));
  object.Int("ageMs", reading.age_millis).Bool("stale", reading.stale);
  object.Key("evaluations");
  base::JsonObject evaluations(body);
  const auto keys = request_.names_flags ? request_.flags : service_.Keys(reading);
  for (const std::string_view key : keys) {
    const Answer answer = service_.Evaluate(reading, key, context_);
    wire::AppendEvaluationEntry(evaluations.Key(key), answer.evaluation, Name(answer.source),
                                request_.DefaultFor(key));
  }
  evaluations.Close();
  object.Close();
}

}  // namespace pennon::serving
