// The OpenAPI document names the routes that there are, with the parameters that they take.
#include "store/openapi.h"

#include <set>

#include "store/api.h"
#include "store/event_feed.h"
#include "store/sign_in.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

std::set<std::string> ParametersOf(const model::Value& operation) {
  std::set<std::string> names;
  const model::Value* parameters = operation.Find("parameters");
  if (parameters == nullptr) return names;
  for (const model::Value& parameter : *parameters->AsArray()) {
    const std::string reference = Text(parameter, "$ref");
    const std::string name =
        reference.empty() ? Text(parameter, "name") : reference.substr(reference.rfind('/') + 1);
    if (reference.empty() && Text(parameter, "in") == "path") continue;
    names.insert(name);
  }
  return names;
}

std::set<std::string> ParametersOf(const Route& route) {
  std::set<std::string> names;
  std::string rest(route.parameters);
  for (std::size_t end = 0; !rest.empty(); rest.erase(0, end + 1)) {
    end = std::min(rest.find(' '), rest.size());
    names.insert(rest.substr(0, end));
    if (end == rest.size()) break;
  }
  if (route.Changes()) names.insert({"comment", "dryRun"});
  return names;
}

TEST_CASE("every route is in the document with its parameters, and no other is") {
  const auto document = wire::ReadJson(OpenApiDocument());
  REQUIRE(document);
  std::size_t described = 0;
  for (const auto& [path, methods] : *document->Find("paths")->AsObject()) {
    const bool is_route = path.starts_with("/api/") && !SignIn::Owns(path) && path != kEventsPath;
    if (is_route) described += methods.AsObject()->size();
  }
  CHECK(described == ApiRoutes().size());
  CHECK(document->Find("paths")->Find(kEventsPath) != nullptr);
  for (const Route& route : ApiRoutes()) {
    INFO(route.method, " ", route.pattern);
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(c + ('a' - 'A'));
    const model::Value* path = document->Find("paths")->Find(route.pattern);
    REQUIRE(path != nullptr);
    const model::Value* operation = path->Find(method);
    REQUIRE(operation != nullptr);
    auto parameters = ParametersOf(*operation);
    parameters.erase("IfMatch");
    parameters.erase("IfNoneMatch");
    CHECK(parameters.erase("IdempotencyKey") == (route.Creates() ? 1 : 0));
    CHECK(parameters == ParametersOf(route));
  }
}

}  // namespace
}  // namespace pennon::store
