// A protected environment is changed by those who say why.
#include "store/scheduler.h"
#include "store/timestamp.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

const std::string kProd = "/api/v1/environments/prod";
const std::string kConfig = kProd + "/flags/a";

struct Protected : StoreFixture {
  Protected() {
    Expect(201, "POST", "/api/v1/environments", R"({"key":"prod","protected":true})");
    Expect(201, "POST", "/api/v1/environments", R"({"key":"test"})");
    Expect(201, "POST", "/api/v1/flags", R"({"key":"a",)" + kBooleanFlag + '}');
    Expect(201, "PUT", kProd + "/segments/s?comment=c", R"({"included":["ann"]})", "");
  }
  // It is refused for want of a comment, and done with one; the log has it then.
  void Wants(const std::string& method, const std::string& path, const std::string& body,
             const std::string& separator = "?", const std::string& if_match = "*") {
    const std::int64_t before = CountRows("SELECT count(*) FROM audit");
    for (const std::string& blank : {std::string(), separator + "comment=%20%09"}) {
      const auto refused = Expect(422, method, path + blank, body, if_match);
      CHECK(Text(refused, "pointer") == "comment");
      CHECK(Text(refused, "detail").find("\"prod\" is protected") != std::string::npos);
    }
    CHECK(CountRows("SELECT count(*) FROM audit") == before);
    const auto done = Send(method, path + separator + "comment=because", body, if_match);
    INFO(method, " ", path, ": ", done.body);
    CHECK(done.status < 300);
    CHECK(CountRows("SELECT count(*) FROM audit WHERE comment = 'because'") > 0);
  }
};

TEST_CASE("everything that changes a protected environment wants a comment") {
  Protected store;
  store.Wants("PUT", kConfig, R"({"enabled":true})");
  store.Wants("PATCH", kConfig, R"({"enabled":false})");
  store.Wants("PATCH", kConfig, R"({"instructions":[{"kind":"turnOn"}]})");
  store.Wants("DELETE", kConfig, "");
  store.Wants("POST", kConfig + "/versions/2/restore", "");
  store.Wants("PUT", kProd + "/segments/s", R"({"included":["bob"]})");
  store.Wants("DELETE", kProd + "/segments/s", "");
  store.Wants("POST", kProd + "/import",
              R"({"environment":"prod","flags":{"b":{)" + kBooleanFlag + "}}}");
  store.Wants("POST", kProd + "/schedules",
              R"({"flag":"a","at":"2101-01-01T00:00:00Z","change":{"enabled":false}})");
  store.Wants("DELETE",
              kProd + "/schedules/" + std::to_string(store.CountRows("SELECT id FROM schedules")),
              "");
  store.Wants("PATCH", "/api/v1/flags/a", R"({"variants":[{"key":"on","value":true}]})");
  store.Wants("DELETE", "/api/v1/flags/a", "");
  store.Wants("POST", "/api/v1/flags/a/versions/1/restore", "", "?", "");
  store.Wants("PUT", kProd, R"({"name":"Production"})");
  store.Wants("DELETE", kProd + "?confirm=prod", "", "&");
}

TEST_CASE("what leaves a protected environment as it is wants none") {
  Protected store;
  store.Expect(200, "PUT", "/api/v1/environments/test/flags/a", R"({"enabled":true})");
  store.Expect(200, "PUT", kConfig, R"({"enabled":false})");  // it is
  store.Expect(200, "PATCH", "/api/v1/flags/a", R"({"owner":"web","tags":["t"]})");
  store.Expect(201, "POST", "/api/v1/flags", R"({"key":"new",)" + kBooleanFlag + '}');
  store.Expect(200, "POST", kProd + "/playground",
               R"({"flag":"a","context":{"targetingKey":"u"},"draft":{"enabled":true}})");
}

TEST_CASE("a kill wants its reason alone, and what goes along with it wants a comment") {
  Protected store;
  store.Wants("PATCH", kConfig, R"({"instructions":[{"kind":"kill"}]})");
  store.Expect(200, "PATCH", kConfig + "?comment=c", R"({"instructions":[{"kind":"unkill"}]})");
  const std::string kill = R"({"kind":"kill","reason":"p99"})";
  store.Expect(422, "PATCH", kConfig, R"({"instructions":[)" + kill + R"(,{"kind":"turnOn"}]})");
  store.Expect(422, "PATCH", kConfig, R"({"instructions":[{"kind":"kill","reason":" "}]})");
  store.Expect(200, "PATCH", kConfig, R"({"instructions":[)" + kill + "]}");
  CHECK(store.CountRows("SELECT count(*) FROM audit WHERE comment = 'p99'") == 1);
  store.Expect(422, "PATCH", kConfig, R"({"instructions":[{"kind":"unkill"}]})");
  store.Expect(200, "PATCH", kConfig, R"({"comment":"over","instructions":[{"kind":"unkill"}]})");
}

TEST_CASE("what was scheduled before the protection is made, and says so") {
  Protected store;
  store.Expect(200, "PUT", kProd + "?comment=c", R"({"name":"prod","protected":false})");
  const std::string at = Timestamp(store.clock.wall + 1000);
  store.Expect(201, "POST", kProd + "/schedules",
               R"({"flag":"a","at":")" + at + R"(","change":{"enabled":true}})");
  store.Expect(200, "PUT", kProd, R"({"name":"prod","protected":true})");
  store.clock.wall += 2000;
  base::Logger log(base::LogLevel::kOff, base::LogFormat::kLogfmt);
  RunDueSchedules(*store.ledger, log);
  CHECK(*store.Expect(200, "GET", kConfig).Find("enabled") == model::Value(true));
  CHECK(store.CountRows("SELECT count(*) FROM audit WHERE comment = 'as scheduled'") == 1);
}

TEST_CASE("admins protect and unprotect; who does not name it leaves it; copies begin without") {
  Protected store;
  store.grant = ApiGrant(TokenKind::kEditor);
  store.Expect(403, "PUT", kProd + "?comment=c", R"({"name":"prod","protected":false})");
  store.Expect(403, "DELETE", kProd + "?confirm=prod&comment=c");
  store.Expect(200, "PUT", kConfig + "?comment=c", R"({"enabled":true})");
  store.grant = ApiGrant(TokenKind::kAdmin);
  store.Expect(200, "PUT", kProd + "?comment=c", R"({"name":"Production"})");
  store.Expect(200, "PUT", kProd + "?comment=c", R"({"name":"Production","protected":null})");
  CHECK(*store.Expect(200, "GET", kProd).Find("protected") == model::Value(true));
  store.Expect(422, "PUT", kProd, R"({"name":"Production","protected":false})");
  store.Expect(422, "PUT", kProd + "?comment=c", R"({"name":"Production","protected":"yes"})");
  store.Expect(201, "POST", "/api/v1/environments", R"({"key":"copy","copyFrom":"prod"})");
  CHECK(*store.Expect(200, "GET", "/api/v1/environments/copy").Find("protected") ==
        model::Value(false));
  store.Expect(201, "POST", "/api/v1/environments",
               R"({"key":"twin","copyFrom":"prod","protected":true})");
  store.Expect(422, "PUT", "/api/v1/environments/twin/flags/a", R"({"enabled":false})");
  store.Expect(200, "PUT", kProd + "?comment=c", R"({"name":"Production","protected":false})");
  store.Expect(200, "PUT", kConfig, R"({"enabled":false})");
  CHECK(store.CountRows("SELECT count(*) FROM audit WHERE kind = 'environment' AND after LIKE "
                        "'%\"protected\":true%'") >= 2);
}

}  // namespace
}  // namespace pennon::store
