// The REST API: statuses, and the place that each refusal names.
#include "store/api.h"

#include "base/digest.h"
#include "store/definition.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

struct ApiFixture : StoreFixture {
  ApiFixture() {
    Expect(201, "POST", "/api/v1/environments", R"({"key":"prod","name":"Production"})");
    Expect(201, "POST", "/api/v1/flags", R"({"key":"a",)" + kBooleanFlag + '}');
  }
  void ExpectPointer(int status, const std::string& pointer, const std::string& method,
                     const std::string& path, const std::string& body = "",
                     const std::string& if_match = "*") {
    const model::Value problem = Expect(status, method, path, body, if_match);
    INFO(path, " ", body);
    CHECK(Text(problem, "pointer") == pointer);
    CHECK(Number(problem, "status") == status);
  }
};

TEST_CASE("every route of the table answers, and what it made is shown as it was sent") {
  ApiFixture store;
  const auto flag = store.Expect(200, "GET", "/api/v1/flags/a");
  CHECK(Text(flag, "type") == "boolean");
  CHECK(Text(flag, "createdAt") == "2023-11-14T22:13:20.000Z");
  CHECK(Number(*flag.Find("revisions"), "prod") == 2);
  CHECK(store.Expect(200, "GET", "/api/v1/flags").Find("flags")->AsArray()->size() == 1);
  CHECK(Text(store.Expect(200, "GET", "/api/v1/environments/prod"), "name") == "Production");
  store.Expect(200, "PUT", "/api/v1/environments/prod", R"({"name":"P"})");
  CHECK(store.Expect(200, "GET", "/api/v1/environments").Find("environments")->AsArray()->size() ==
        1);
  store.Expect(201, "PUT", "/api/v1/environments/prod/segments/s", R"({"included":["ann"]})", "");
  store.Expect(200, "PUT", "/api/v1/environments/prod/segments/s", R"({"included":["bob"]})");
  CHECK(Number(store.Expect(200, "GET", "/api/v1/environments/prod/segments/s"), "revision") == 4);
  const auto segments = store.Expect(200, "GET", "/api/v1/environments/prod/segments");
  CHECK(Text(segments.Find("segments")->AsArray()->front(), "key") == "s");
  const auto configs = store.Expect(200, "GET", "/api/v1/environments/prod/flags");
  CHECK(Text(configs.Find("flags")->AsArray()->front(), "flag") == "a");
  store.Expect(204, "DELETE", "/api/v1/environments/prod/segments/s");
  store.Expect(404, "DELETE", "/api/v1/environments/prod/segments/s");
  store.Expect(204, "DELETE", "/api/v1/flags/a");
  store.Expect(404, "GET", "/api/v1/flags/a");
  store.Expect(204, "DELETE", "/api/v1/environments/prod?confirm=prod");
  store.Expect(404, "GET", "/api/v1/environments/prod/flags");
}

TEST_CASE("what the API shows may be sent back") {
  ApiFixture store;
  const auto round_trip = [&](const std::string& path) {
    const net::HttpResponse shown = store.Send("GET", path);
    store.Expect(200, "PUT", path, shown.body);
    CHECK(store.Send("GET", path).body == shown.body);
  };
  store.Expect(201, "PUT", "/api/v1/environments/prod/segments/s", R"({"included":["ann"]})", "");
  round_trip("/api/v1/environments/prod");
  round_trip("/api/v1/flags/a");
  round_trip("/api/v1/environments/prod/flags/a");
  round_trip("/api/v1/environments/prod/segments/s");
}

TEST_CASE("a body that is no JSON object is 400 and names line and column") {
  ApiFixture store;
  store.ExpectPointer(400, "1:9", "POST", "/api/v1/flags", R"({"key": })");
  store.ExpectPointer(400, "body", "POST", "/api/v1/flags", "[1]");
  store.Expect(400, "POST", "/api/v1/flags", "");
  store.Expect(400, "POST", "/api/v1/flags", R"({"key":"b","key":"c"})");
  store.Expect(400, "POST", "/api/v1/flags", "{\"key\":\"\xff\"}");
  store.Expect(400, "POST", "/api/v1/flags", std::string(wire::kMaxJsonDepth + 1, '['));
}

TEST_CASE("a wrong definition is 422 and names the path inside the document that was sent") {
  ApiFixture store;
  const std::string flags = "/api/v1/flags";
  const std::string config = "/api/v1/environments/prod/flags/a";
  store.ExpectPointer(422, "variants[1].value", "POST", flags,
                      R"({"key":"b","type":"boolean","variants":[{"key":"x","value":true},)"
                      R"({"key":"y","value":1}]})");
  store.ExpectPointer(422, "colour", "POST", flags,
                      R"({"key":"b",)" + kBooleanFlag + R"(,"colour":"red"})");
  store.ExpectPointer(422, "enabled", "POST", flags,
                      R"({"key":"b",)" + kBooleanFlag + R"(,"enabled":true})");
  store.ExpectPointer(422, "key", "POST", flags, '{' + kBooleanFlag + '}');
  store.ExpectPointer(422, "key", "PUT", "/api/v1/flags/a", R"({"key":"z",)" + kBooleanFlag + '}');
  store.ExpectPointer(422, "rules[0].serve.variant", "PUT", config,
                      R"({"rules":[{"serve":{"variant":"none"}}]})");
  store.ExpectPointer(422, "rules[0].when", "PUT", config,
                      R"({"rules":[{"when":{"segment":"none"},"serve":{"variant":"on"}}]})");
  store.ExpectPointer(422, "prerequisites[0].flag", "PUT", config,
                      R"({"prerequisites":[{"flag":"none"}]})");
  store.ExpectPointer(422, "type", "PUT", config, R"({"type":"string"})");
  store.ExpectPointer(422, "includes", "PUT", "/api/v1/environments/prod/segments/s",
                      R"({"includes":[]})", "");
  store.ExpectPointer(422, "kind", "POST", "/api/v1/environments/prod/keys",
                      R"({"name":"k","kind":"admin"})");
}

TEST_CASE("a shared change that breaks an environment names the place there") {
  ApiFixture store;
  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", R"({"default":{"variant":"on"}})");
  store.ExpectPointer(422, "environments.prod.flags.a.default.variant", "PUT", "/api/v1/flags/a",
                      R"({"type":"boolean","variants":[{"key":"off","value":false}]})");
}

TEST_CASE("what is in use cannot be deleted: 409 names by what") {
  ApiFixture store;
  store.Expect(201, "POST", "/api/v1/flags", R"({"key":"b",)" + kBooleanFlag + '}');
  store.Expect(201, "PUT", "/api/v1/environments/prod/segments/s", R"({"included":["ann"]})", "");
  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/b",
               R"({"prerequisites":[{"flag":"a"}],)"
               R"("rules":[{"when":{"segment":"s"},"serve":{"variant":"on"}}]})");
  store.ExpectPointer(409, "environments.prod.flags.b.rules[0].when", "DELETE",
                      "/api/v1/environments/prod/segments/s");
  store.ExpectPointer(409, "environments.prod.flags.b.prerequisites[0].flag", "DELETE",
                      "/api/v1/flags/a");
  store.Expect(200, "DELETE", "/api/v1/environments/prod/flags/b");
  store.Expect(204, "DELETE", "/api/v1/environments/prod/segments/s");
  store.Expect(204, "DELETE", "/api/v1/flags/a");
}

TEST_CASE("what exists already is 409, what does not is 404") {
  ApiFixture store;
  store.ExpectPointer(409, "key", "POST", "/api/v1/environments", R"({"key":"prod"})");
  store.ExpectPointer(409, "key", "POST", "/api/v1/flags", R"({"key":"a",)" + kBooleanFlag + '}');
  store.ExpectPointer(404, "environments.none", "PUT", "/api/v1/environments/none/flags/a", "{}");
  store.ExpectPointer(404, "flags.none", "PUT", "/api/v1/environments/prod/flags/none", "{}");
  store.ExpectPointer(404, "flags.none", "PUT", "/api/v1/flags/none", '{' + kBooleanFlag + '}');
  store.ExpectPointer(404, "path", "GET", "/api/v1/nothing");
  store.ExpectPointer(404, "path", "GET", "/api/v1/flags/");
}

TEST_CASE("a method that a path does not have is 405 with those that it has") {
  ApiFixture store;
  const net::HttpResponse response = store.Send("PATCH", "/api/v1/flags", "{}");
  CHECK(response.status == 405);
  REQUIRE(response.headers.size() == 1);
  CHECK(response.headers[0].first == "Allow");
  CHECK(response.headers[0].second == "GET, POST");
}

TEST_CASE("keys have at most 100 bytes and only characters that need no escaping") {
  ApiFixture store;
  const auto create = [&](const std::string& key) {
    return store.Send("POST", "/api/v1/environments", R"({"key":")" + key + "\"}").status;
  };
  CHECK(create(std::string(kMaxNewKeyBytes, 'k')) == 201);
  CHECK(create(std::string(kMaxNewKeyBytes + 1, 'k')) == 422);
  CHECK(create("A.b_c-9") == 201);
  for (const char* wrong : {"", "-a", ".a", "a b", "a/b", "ä", "a%20"}) CHECK(create(wrong) == 422);
  const auto rename = [&](std::size_t size) {
    return store
        .Send("PUT", "/api/v1/environments/prod", R"({"name":")" + std::string(size, 'n') + "\"}")
        .status;
  };
  CHECK(rename(kMaxNameBytes) == 200);
  CHECK(rename(kMaxNameBytes + 1) == 422);
  CHECK(rename(0) == 422);
  store.ExpectPointer(422, "name", "PUT", "/api/v1/environments/prod", R"({"name":"a\u0000b"})");
}

TEST_CASE("hostile text in names stays text") {
  ApiFixture store;
  const std::string name = R"('); DROP TABLE flags; -- \" \\ ? $1 % _ <script>)";
  const auto made =
      store.Expect(200, "PUT", "/api/v1/environments/prod", R"({"name":")" + name + "\"}");
  CHECK(Text(made, "name").find("DROP TABLE") != std::string::npos);
  CHECK(Text(store.Expect(200, "GET", "/api/v1/environments/prod"), "name") == Text(made, "name"));
  store.Expect(200, "GET", "/api/v1/flags/a");
}

TEST_CASE("a key's token is shown once; the database, the list and the audit log do not have it") {
  ApiFixture store;
  const auto made =
      store.Expect(201, "POST", "/api/v1/environments/prod/keys", R"({"name":"berlin"})");
  const std::string token = Text(made, "token");
  CHECK(token.size() == 8 + 64);
  CHECK(token.starts_with("pn_sync_"));
  const net::HttpResponse list = store.Send("GET", "/api/v1/environments/prod/keys");
  CHECK(list.body.find(token.substr(8)) == std::string::npos);
  CHECK(list.body.find(base::Sha256Hex(token)) == std::string::npos);
  CHECK(list.body.find(token.substr(token.size() - 4)) != std::string::npos);
  CHECK(store.CountRows("SELECT count(*) FROM tokens WHERE hash = '" + base::Sha256Hex(token) +
                        "'") == 1);
  CHECK(store.CountRows("SELECT count(*) FROM audit WHERE after LIKE '%" + token.substr(8) +
                        "%' OR after LIKE '%" + base::Sha256Hex(token) + "%'") == 0);
  store.Expect(404, "DELETE", "/api/v1/environments/prod/keys/999");
  store.Expect(404, "DELETE", "/api/v1/environments/prod/keys/x");
  store.Expect(204, "DELETE",
               "/api/v1/environments/prod/keys/" + std::to_string(Number(made, "id")));
  CHECK(store.CountRows("SELECT count(*) FROM tokens") == 0);
}

}  // namespace
}  // namespace pennon::store
