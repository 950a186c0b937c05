// Evaluation alone is for pages of any site: with a key that is no secret, never with a cookie.
#pragma once

#include "net/http_message.h"

namespace pennon::store {

void ShowToOtherSites(net::HttpResponse& response);
/// Answers what a browser asks before it sends a page's request.
void AllowOtherSites(net::HttpResponse& response);

}  // namespace pennon::store
