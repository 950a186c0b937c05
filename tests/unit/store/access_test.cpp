// Who may do what: every route of the table with every kind of token.
#include "store/access.h"

#include "store/api.h"
#include "store/token_use.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

struct AccessFixture : StoreFixture {
  AccessFixture() {
    Expect(201, "POST", "/api/v1/environments", R"({"key":"prod"})");
    Expect(201, "POST", "/api/v1/environments", R"({"key":"test"})");
    Expect(201, "POST", "/api/v1/flags", R"({"key":"a",)" + kBooleanFlag + '}');
  }
  base::Result<Grant> Identify(const std::string& token) {
    const std::string authorization = "Bearer " + token;
    net::HttpRequest request;
    request.headers.emplace_back("Authorization", authorization);
    return Credentials(*Tokens(database).All()).Identify(request, clock.wall);
  }
};

bool May(TokenKind kind, const std::string& environment, const Route& route) {
  return CheckAccess(ApiGrant(kind, environment), route, {"prod", "a", "1"}).has_value();
}

TEST_CASE("reading is for viewers, changing for editors, who may do so for admins") {
  for (const Route& route : ApiRoutes()) {
    INFO(route.method, " ", route.pattern);
    const bool is_about_tokens = route.pattern.find("/keys") != std::string_view::npos ||
                                 route.pattern.find("/tokens") != std::string_view::npos;
    const bool is_about_environment = route.pattern == "/api/v1/environments" ||
                                      route.pattern == "/api/v1/environments/{environment}";
    const bool is_for_admins = route.pattern.starts_with("/api/v1/tokens") ||
                               route.pattern.starts_with("/api/v1/users") ||
                               (route.Changes() && (is_about_tokens || is_about_environment));
    const bool reads = !route.Changes() || route.pattern.ends_with("/playground");
    CHECK(May(TokenKind::kAdmin, "", route));
    CHECK(May(TokenKind::kEditor, "", route) == !is_for_admins);
    CHECK(May(TokenKind::kViewer, "", route) == (!is_for_admins && reads));
    CHECK(!May(TokenKind::kSync, "prod", route));
    CHECK(!May(TokenKind::kRead, "prod", route));
  }
}

TEST_CASE("a token that is bound to an environment does nothing outside of it") {
  for (const Route& route : ApiRoutes()) {
    INFO(route.method, " ", route.pattern);
    const bool is_inside = route.pattern.starts_with("/api/v1/environments/{environment}");
    const bool is_shared =
        route.pattern.starts_with("/api/v1/flags") || route.pattern == "/api/v1/environments";
    const bool reads_flags = is_shared && !route.Changes();
    CHECK(May(TokenKind::kAdmin, "prod", route) == (is_inside || reads_flags));
    CHECK(May(TokenKind::kAdmin, "test", route) == reads_flags);
  }
}

TEST_CASE("a refusal says what is missing") {
  AccessFixture store;
  store.grant = ApiGrant(TokenKind::kViewer);
  CHECK(Text(store.Expect(403, "PUT", "/api/v1/environments/prod/flags/a", "{}"), "detail")
            .find("editor") != std::string::npos);
  store.grant = ApiGrant(TokenKind::kEditor, "test");
  store.Expect(403, "PUT", "/api/v1/environments/prod/flags/a", "{}");
  store.Expect(200, "PUT", "/api/v1/environments/test/flags/a", "{}");
  store.Expect(403, "GET", "/api/v1/audit");
}

TEST_CASE("a token ends when it was said to") {
  AccessFixture store;
  store.Expect(422, "POST", "/api/v1/tokens", R"({"name":"t","expiresAt":"2001-01-01T00:00:00Z"})");
  store.Expect(422, "POST", "/api/v1/tokens", R"({"name":"t","kind":"sync"})");
  store.Expect(422, "POST", "/api/v1/environments/prod/keys", R"({"name":"t","kind":"viewer"})");
  const auto made = store.Expect(201, "POST", "/api/v1/tokens",
                                 R"({"name":"ci","kind":"editor","environment":"test",)"
                                 R"("expiresAt":)" +
                                     std::to_string(store.clock.wall + 1000) + '}');
  const auto grant = store.Identify(Text(made, "token"));
  REQUIRE(grant);
  CHECK(grant->kind == TokenKind::kEditor);
  CHECK(grant->roles.In("test") == Role::kEditor);
  CHECK(grant->roles.everywhere == Role::kNone);
  store.clock.wall += 1000;
  const auto ended = store.Identify(Text(made, "token"));
  REQUIRE(!ended);
  CHECK(ended.error().what().find("expired") != std::string::npos);
}

TEST_CASE("a rotated key goes on beside the new one, for as long as it was said") {
  AccessFixture store;
  const std::string keys = "/api/v1/environments/prod/keys";
  const auto old = store.Expect(201, "POST", keys, R"({"name":"berlin"})");
  const std::string path = keys + '/' + std::to_string(Number(old, "id")) + "/rotate";
  const auto fresh = store.Expect(201, "POST", path, R"({"overlapSeconds":60})");
  CHECK(Text(fresh, "name") == "berlin");
  CHECK(store.Identify(Text(old, "token")));
  CHECK(store.Identify(Text(fresh, "token")));
  store.clock.wall += 60'000;
  CHECK(!store.Identify(Text(old, "token")));
  CHECK(store.Identify(Text(fresh, "token")));
  store.Expect(404, "POST",
               "/api/v1/environments/test/keys/" + std::to_string(Number(fresh, "id")) + "/rotate",
               "{}");
  store.Expect(404, "POST", "/api/v1/tokens/" + std::to_string(Number(fresh, "id")) + "/rotate",
               "{}");
}

TEST_CASE("the last use of a token is kept, once a minute") {
  AccessFixture store;
  const auto made = store.Expect(201, "POST", "/api/v1/tokens", R"({"name":"t"})");
  TokenUse use;
  const auto id = Number(made, "id");
  const auto shown = [&] {
    REQUIRE(use.Write(*store.ledger));
    return Tokens(store.database).ForApi().value().back().last_used_at;
  };
  CHECK(!shown());
  use.Note(id, store.clock.wall);
  CHECK(shown() == store.clock.wall);
  use.Note(id, store.clock.wall + kTokenUseMillis - 1);
  CHECK(shown() == store.clock.wall);
  use.Note(id, store.clock.wall + kTokenUseMillis);
  CHECK(shown() == store.clock.wall + kTokenUseMillis);
  // A use that could not be written is written when it can.
  use.Note(id, store.clock.wall + 2 * kTokenUseMillis);
  REQUIRE(store.database.Run("ALTER TABLE tokens RENAME TO away"));
  CHECK(!use.Write(*store.ledger));
  REQUIRE(store.database.Run("ALTER TABLE away RENAME TO tokens"));
  CHECK(shown() == store.clock.wall + 2 * kTokenUseMillis);
}

TEST_CASE("who may not read an environment does not read of it in what tells of all") {
  AccessFixture store;
  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", R"({"enabled":true})");
  store.grant.roles = {Role::kViewer, {{"prod", Role::kNone}}};
  store.Expect(403, "GET", "/api/v1/environments/prod/flags/a");
  store.Expect(403, "GET", "/api/v1/audit?environment=prod&kind=config");
  store.Expect(403, "GET", "/api/v1/audit/export");
  store.Expect(200, "GET", "/api/v1/environments/test/flags/a");
  CHECK_FALSE(MaySee(store.grant.roles, {"prod", "config", "a"}));
  CHECK_FALSE(MaySee(store.grant.roles, {std::nullopt, "user", "ann"}));
  CHECK(MaySee(store.grant.roles, {std::nullopt, "flag", "a"}));
  store.grant.roles = {Role::kAdmin, {{"prod", Role::kViewer}}};
  store.Expect(200, "GET", "/api/v1/audit");
  store.Expect(403, "GET", "/api/v1/tokens");
}

}  // namespace
}  // namespace pennon::store
