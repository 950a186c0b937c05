#include "serving/evaluation_http.h"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "base/json_text.h"
#include "base/utf8.h"
#include "serving/entity_tag.h"
#include "serving/event_stream.h"
#include "serving/url_path.h"
#include "serving/version.h"
#include "wire/evaluation_json.h"
#include "wire/problem.h"

namespace pennon::serving {
namespace {

using base::Error;
using model::EvaluationError;

constexpr std::string_view kOfrepFlags = "/ofrep/v1/evaluate/flags";
constexpr std::string_view kEvaluate = "/evaluate";
constexpr const char* kRetryAfter = "1";  // whole seconds: the one form that all providers read

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

// The flag that a path below kOfrepFlags names; none when it is no text.
std::optional<std::string> KeyOf(std::string_view path) {
  const std::string_view rest = path.substr(std::min(path.size(), kOfrepFlags.size() + 1));
  auto key = PercentDecode(rest);
  if (key && !base::IsUtf8(*key)) return std::nullopt;
  return key;
}

bool IsBelowFlags(std::string_view path) {
  return path.starts_with(kOfrepFlags) &&
         (path.size() == kOfrepFlags.size() || path[kOfrepFlags.size()] == '/');
}

// A provider that was told of a change must not be answered from before it.
bool IsBehind(const Reading& reading, std::string_view query) {
  if (query.empty()) return false;
  auto told = QueryParameter(query, "flagConfigEtag");
  if (!told) return false;
  std::erase(*told, '"');
  const auto version = ParseVersion(*told);
  return version && *version > SetVersion{reading.epoch(), reading.revision()};
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
  const std::string_view coding = request.Header("Content-Encoding");
  if (!coding.empty() && coding != "identity") {
    RespondError(path, 415, Error::Invalid("Content-Encoding", "expected none"), response);
    return false;
  }
  return true;
}

// In one object a key stands once: of equal ones the first stays.
void NameOnce(std::vector<std::string_view>& keys) {
  std::vector<std::string_view> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end()) return;
  std::set<std::string_view> seen;
  std::erase_if(keys, [&](std::string_view key) { return !seen.insert(key).second; });
}

}  // namespace

std::string_view StateHeaders::Of(const Reading& reading) {
  const State state{reading.revision(), reading.age_millis / 1000, reading.published->source,
                    reading.stale};
  if (state == state_ && !lines_.empty()) return lines_;
  state_ = state;
  lines_ = "Pennon-Age: ";
  base::AppendJsonInt(lines_, state.age_seconds);
  lines_ += "\r\nPennon-Revision: ";
  base::AppendJsonUint(lines_, state.revision);
  lines_ += "\r\nPennon-Source: ";
  lines_ += Name(state.source);
  lines_ += state.stale ? "\r\nPennon-Stale: true\r\n" : "\r\n";
  return lines_;
}

void RespondError(std::string_view path, int status, const base::Error& error,
                  net::HttpResponse& response) {
  response.status = status;
  response.body.clear();
  if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", kRetryAfter);
  if (IsOfrep(path)) {
    const bool is_context = status == 400 && error.where() != "environment";
    WriteOfrepError(response.body, IsBelowFlags(path) ? KeyOf(path).value_or("") : "",
                    is_context ? "INVALID_CONTEXT" : "GENERAL", error.Message());
    return;
  }
  response.content_type = wire::kProblemType;
  response.body = wire::ProblemDocument(status, error);
}

std::string UnreadableRequestBody(int status, std::string_view what) {
  std::string body = wire::ProblemDocument(status, Error::Invalid("request", what));
  std::string ofrep;
  WriteOfrepError(ofrep, "", "GENERAL", what);
  ofrep.front() = ',';
  body.pop_back();
  return body + ofrep;
}

bool EvaluationHttp::Owns(std::string_view path) {
  const std::string_view plain = WithoutDoubleSlash(path);
  return plain == kEvaluate || IsOfrep(plain);
}

bool EvaluationHttp::Handle(net::HttpRequest& request, const HttpCaller& caller,
                            net::HttpResponse& response) {
  const std::string_view path = WithoutDoubleSlash(request.path);
  if (IsOfrep(path)) {
    Ofrep(request, path, caller, response);
  } else if (path == kEvaluate) {
    EvaluateRoute(request, caller, response);
  } else {
    return false;
  }
  return true;
}

void EvaluationHttp::Ofrep(net::HttpRequest& request, std::string_view path,
                           const HttpCaller& caller, net::HttpResponse& response) {
  if (!IsBelowFlags(path)) {
    return RespondError(path, 404, Error::NotFound("path", "is not known"), response);
  }
  const auto reading = Read(caller);
  const auto key = KeyOf(path);
  engine::HashedKey sought;
  if (reading && key) sought = service_.Seek(*reading, *key);
  if (!AcceptPost(request, path, response)) return;
  if (!reading) {
    return RespondError(path, base::HttpStatus(reading.error().code()), reading.error(), response);
  }
  if (!key) {
    return RespondError(path, 400, Error::Invalid("path", "does not name a flag in UTF-8"),
                        response);
  }
  service_.Approach(*reading, sought);
  const auto read =
      ReadEvaluationRequest(request.body, wire::RequestKind::kOfrep, context_, request_);
  if (!read) return RespondError(path, 400, read.error(), response);
  service_.CompleteContext(context_, &request);
  if (key->empty()) return OfrepBulk(request, caller, *reading, response);
  OfrepSingle(*reading, sought, response);
}

base::Result<Reading> EvaluationHttp::Read(const HttpCaller& caller) const {
  if (caller.grant == nullptr) return service_.Read(caller.environment);
  return service_.ReadFor(caller.environment, *caller.grant);
}

void EvaluationHttp::OfrepSingle(const Reading& reading, const engine::HashedKey& key,
                                 net::HttpResponse& response) {
  const Answer answer = service_.Evaluate(reading, key, context_);
  response.status = OfrepStatus(answer.evaluation.error);
  wire::AppendOfrepEvaluation(response.body, key.text, answer.evaluation);
  if (response.status == 500) response.headers.emplace_back("Retry-After", kRetryAfter);
  response.header_lines += state_headers_.Of(reading);
}

void EvaluationHttp::OfrepBulk(const net::HttpRequest& request, const HttpCaller& caller,
                               const Reading& reading, net::HttpResponse& response) {
  if (IsBehind(reading, request.query)) {
    return RespondError(
        kOfrepFlags, 503,
        Error::Unavailable("flagConfigEtag", "names a flag set that is not here yet"), response);
  }
  WriteFlags(reading, response.body);
  if (response.body.empty()) {
    response.status = 503;
    WriteOfrepError(response.body, "", "PROVIDER_NOT_READY", "there is no flag set yet");
    response.headers.emplace_back("Retry-After", kRetryAfter);
    return;
  }
  // A tag of the answer itself: providers send the old tag along with a changed context. Without
  // the stream, whose address has the revision in it: many revisions have the same answer.
  std::string tag = EntityTagOf(response.body);
  if (MatchesEntityTag(request.Header("If-None-Match"), tag)) {
    response.status = 304;
    response.body.clear();
    response.content_type = {};
  } else {
    if (caller.has_events) {
      const auto& image = reading.published->image;
      response.body += ",\"eventStreams\":";
      response.body += EventStreamsJson(image == nullptr ? "" : image->version(), caller.ticket);
    }
    response.body += '}';
  }
  response.headers.emplace_back("ETag", std::move(tag));
  response.header_lines += state_headers_.Of(reading);
}

// Everything of a bulk answer but the stream and the last brace; nothing when there is no flag set.
void EvaluationHttp::WriteFlags(const Reading& reading, std::string& body) {
  const auto keys = service_.Keys(reading);
  if (reading.published->image == nullptr && keys.empty()) return;
  char separator = '[';
  body = "{\"flags\":";
  service_.EvaluateAll(reading, keys, context_, [&](std::string_view key, const Answer& answer) {
    body += std::exchange(separator, ',');
    wire::AppendOfrepEvaluation(body, key, answer.evaluation);
  });
  body += keys.empty() ? "[]" : "]";
  body += ",\"metadata\":{}";
}

void EvaluationHttp::EvaluateRoute(net::HttpRequest& request, const HttpCaller& caller,
                                   net::HttpResponse& response) {
  if (!AcceptPost(request, kEvaluate, response)) return;
  const auto reading = Read(caller);
  if (!reading) {
    return RespondError(kEvaluate, base::HttpStatus(reading.error().code()), reading.error(),
                        response);
  }
  const auto read =
      ReadEvaluationRequest(request.body, wire::RequestKind::kEvaluate, context_, request_);
  if (!read) return RespondError(kEvaluate, 400, read.error(), response);
  if (request_.flags.size() > 1) NameOnce(request_.flags);
  service_.CompleteContext(context_, &request);
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
  service_.EvaluateAll(reading, keys, context_, [&](std::string_view key, const Answer& answer) {
    wire::AppendEvaluationEntry(evaluations.Key(key), answer.evaluation, Name(answer.source),
                                request_.DefaultFor(key));
  });
  evaluations.Close();
  object.Close();
}

}  // namespace pennon::serving
