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
#include "store/credentials.h"
#include "store/ledger.h"
#include "store/query.h"
#include "store/roles.h"

namespace pennon::store {

/// A request copied out of its connection's buffer, from a caller whose token was checked.
struct ApiRequest {
  std::string method;
  std::string path;
  std::string body;
  Grant grant;        // of the caller's token
  std::string actor;  // for the audit log
  std::string query = {};
  std::string if_match = {};
  std::string if_none_match = {};
  std::string id = {};  // of the request, for the audit log
  std::string idempotency_key = {};
  bool accepts_gzip = false;
};

struct Reply {
  int status = 200;
  std::string body;            // JSON, or "" for 204
  std::string location = {};   // of what was created, or ""
  std::int64_t version = 0;    // of what is shown, for ETag; 0: none
  std::string_view type = {};  // of the body; "": JSON
};

/// One request of the API, once it has found its handler.
struct Call {
  Ledger& ledger;
  const ApiRequest& request;
  std::vector<std::string> names;  // what stands in the path for {…}, in order
  Query query;
  Precondition precondition;
  ReplyKey once;
  model::Value document;  // the body as JSON; an object when the route takes one

  [[nodiscard]] const model::Object& object() const { return *document.AsObject(); }
  /// The set of the environment that the path names first; kNotFound when there is none.
  [[nodiscard]] base::Result<std::shared_ptr<const EnvironmentSet>> Set() const;
  /// A change as this caller asks for it; see ChangeScope for the parameters.
  [[nodiscard]] ChangeScope Scope(std::string environment, std::string definition,
                                  bool removes = false) const;
  /// Makes a change, and answers with what `show` finds in the change's own transaction.
  [[nodiscard]] base::Result<Reply> Commit(const ChangeScope& scope,
                                           const std::function<base::Result<void>(Change&)>& body,
                                           const std::function<base::Result<Reply>()>& show) const;
};

/// Makes the document that a change puts, out of what its transaction finds.
using DocumentMaker = std::function<base::Result<model::Object>(Change&)>;

/// An error of kInvalid is answered with 422: the document was read, but says something wrong.
using RouteHandler = base::Result<Reply> (*)(const Call&);

struct Route {
  std::string_view method;
  std::string_view pattern;  // "/api/v1/flags/{flag}"
  RouteHandler handler;
  std::string_view parameters = {};  // of the query, separated by blanks
  Role role = Role::kNone;           // at least; kNone: what the method says

  [[nodiscard]] bool Changes() const { return method != "GET"; }
  [[nodiscard]] Role LeastRole() const {
    if (role != Role::kNone) return role;
    return Changes() ? Role::kEditor : Role::kViewer;
  }
  /// Whether the body must be a JSON object.
  [[nodiscard]] bool TakesDocument() const {
    return Changes() && method != "DELETE" && !pattern.ends_with("/restore") &&
           !pattern.ends_with("/invitation");
  }
  /// Whether a request with an idempotency key is done once.
  [[nodiscard]] bool Creates() const { return method == "POST" && !IsGuarded(); }
  /// Whether the answer has a secret in it, which is never kept.
  [[nodiscard]] bool ShowsSecret() const {
    return pattern.ends_with("/keys") || pattern.ends_with("/tokens") ||
           pattern.ends_with("/rotate") || pattern.ends_with("/users") ||
           pattern.ends_with("/invitation");
  }
  /// Whether a change has to say what it was made for.
  [[nodiscard]] bool IsGuarded() const {
    return Changes() && (method != "POST" || pattern.ends_with("/restore"));
  }
};

/// What stands for the pattern's {…} in `path`, percent-decoded; none when it does not match, or
/// is no text.
std::optional<std::vector<std::string>> Match(std::string_view pattern, std::string_view path);

}  // namespace pennon::store
