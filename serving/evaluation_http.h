// The evaluation endpoints over HTTP: OFREP (single and bulk) and POST /evaluate. The same for the
// daemon and the store.
#pragma once

#include <string>
#include <string_view>

#include "model/context.h"
#include "net/http_message.h"
#include "serving/evaluation_service.h"
#include "wire/evaluation_request.h"

namespace pennon::serving {

/// Confined to one worker; `service` is not owned.
class EvaluationHttp {
 public:
  explicit EvaluationHttp(EvaluationService& service) : service_(service) {}

  /// Answers when the path is /evaluate or below /ofrep/, for the given environment ("": the only
  /// one); false, with the response untouched, when it is another path.
  bool Handle(net::HttpRequest& request, std::string_view environment, net::HttpResponse& response);

  /// True when `path` would be answered by Handle.
  static bool Owns(std::string_view path);

 private:
  void Ofrep(net::HttpRequest& request, std::string_view path, std::string_view environment,
             net::HttpResponse& response);
  void OfrepSingle(const Reading& reading, std::string_view key, net::HttpResponse& response);
  void OfrepBulk(const net::HttpRequest& request, const Reading& reading,
                 net::HttpResponse& response);
  void EvaluateRoute(net::HttpRequest& request, std::string_view environment,
                     net::HttpResponse& response);
  void WriteEvaluations(const Reading& reading, std::string& body);

  EvaluationService& service_;
  model::Context context_;
  wire::EvaluationRequest request_;
};

/// An error answer for any path: an OFREP error object below /ofrep/ (providers want `key`,
/// `errorCode`, `errorDetails` and `metadata` in every one), else a problem document.
void RespondError(std::string_view path, int status, const base::Error& error,
                  net::HttpResponse& response);

}  // namespace pennon::serving
