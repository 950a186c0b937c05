// How a path of the REST API finds its handler.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/value.h"
#include "store/ledger.h"

namespace pennon::store {

/// One request of the API, once it has found its handler.
struct Call {
  Ledger& ledger;
  std::string actor;               // for the audit log
  std::vector<std::string> names;  // what stands in the path for {…}, in order
  std::string_view body;
  model::Value document;  // the body as JSON; an object when the route takes one
};

struct Reply {
  int status = 200;
  std::string body;      // JSON, or "" for 204
  std::string location;  // of what was created, or ""
};

/// An error of kInvalid is answered with 422: the document was read, but says something wrong.
using RouteHandler = base::Result<Reply> (*)(const Call&);

struct Route {
  std::string_view method;
  std::string_view pattern;  // "/api/v1/flags/{flag}"
  RouteHandler handler;

  /// Whether the body must be a JSON object.
  [[nodiscard]] bool TakesDocument() const { return method == "POST" || method == "PUT"; }
};

/// What stands for the pattern's {…} in `path`, percent-decoded; none when it does not match.
std::optional<std::vector<std::string>> Match(std::string_view pattern, std::string_view path);

}  // namespace pennon::store
