// The evaluation endpoints over HTTP: OFREP (single and bulk) and POST /evaluate. The same for the
// daemon and the store.
#pragma once

#include <string>
#include <string_view>

#include "model/context.h"
#include "net/http_message.h"
#include "serving/evaluation_service.h"
#include "serving/grant.h"
#include "wire/evaluation_request.h"

namespace pennon::serving {

/// What is known of who asks, and what may be offered there.
struct HttpCaller {
  std::string_view environment;  // "": the only one there is
  bool has_events = false;       // kEventsPath is answered as well
  std::string_view ticket;       // for it; see EventStreamsJson
  const Grant* grant = nullptr;  // null: every environment
};

/// The lines of header that say of an answer what it was made from. Thousands a second are the
/// same.
class StateHeaders {
 public:
  /// Valid until the next call.
  std::string_view Of(const Reading& reading);

 private:
  struct State {
    std::uint64_t revision = 0;
    std::int64_t age_seconds = 0;
    Source source = Source::kDefault;
    bool stale = false;
    bool operator==(const State&) const = default;
  };
  State state_;
  std::string lines_;
};

/// Confined to one worker; `service` is not owned.
class EvaluationHttp {
 public:
  explicit EvaluationHttp(EvaluationService& service) : service_(service) {}

  /// Answers when the path is /evaluate or below /ofrep/; false, with the response untouched, when
  /// it is another path.
  bool Handle(net::HttpRequest& request, const HttpCaller& caller, net::HttpResponse& response);
  bool Handle(net::HttpRequest& request, std::string_view environment,
              net::HttpResponse& response) {
    return Handle(request, HttpCaller{environment, false, {}, nullptr}, response);
  }

  /// True when `path` would be answered by Handle.
  static bool Owns(std::string_view path);

 private:
  void Ofrep(net::HttpRequest& request, std::string_view path, const HttpCaller& caller,
             net::HttpResponse& response);
  void OfrepSingle(const Reading& reading, const engine::HashedKey& key,
                   net::HttpResponse& response);
  void OfrepBulk(const net::HttpRequest& request, const HttpCaller& caller, const Reading& reading,
                 net::HttpResponse& response);
  [[nodiscard]] base::Result<Reading> Read(const HttpCaller& caller) const;
  void WriteFlags(const Reading& reading, std::string& body);
  void EvaluateRoute(net::HttpRequest& request, const HttpCaller& caller,
                     net::HttpResponse& response);
  void WriteEvaluations(const Reading& reading, std::string& body);

  EvaluationService& service_;
  model::Context context_;
  wire::EvaluationRequest request_;
  StateHeaders state_headers_;
};

/// An error answer for any path: an OFREP error object below /ofrep/ (providers want `key`,
/// `errorCode`, `errorDetails` and `metadata` in every one), else a problem document. 429 and 503
/// say when to try again.
void RespondError(std::string_view path, int status, const base::Error& error,
                  net::HttpResponse& response);

/// The body of an error of a request whose path is not known, because it could not be read: a
/// problem document that is an OFREP error as well.
std::string UnreadableRequestBody(int status, std::string_view what);

}  // namespace pennon::serving
