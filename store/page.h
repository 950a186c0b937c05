// Serves the admin UI.
#pragma once

#include "net/http_message.h"

namespace pennon::store {

/// Answers and returns true when the path is one of the page's files and the method reads.
bool ServePage(const net::HttpRequest& request, net::HttpResponse& response);

}  // namespace pennon::store
