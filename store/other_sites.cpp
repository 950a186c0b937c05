#include "store/other_sites.h"

namespace pennon::store {

void ShowToOtherSites(net::HttpResponse& response) {
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  response.headers.emplace_back(
      "Access-Control-Expose-Headers",
      "ETag, Pennon-Age, Pennon-Revision, Pennon-Source, Pennon-Stale, Retry-After");
}

void AllowOtherSites(net::HttpResponse& response) {
  response.status = 204;
  response.content_type = {};
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  response.headers.emplace_back("Access-Control-Allow-Methods", "POST");
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                "Authorization, Content-Type, If-None-Match, X-API-Key");
  response.headers.emplace_back("Access-Control-Max-Age", "7200");
}

}  // namespace pennon::store
