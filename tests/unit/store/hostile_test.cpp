// What callers send who mean no good: every parameter of every route, and clocks that step.
#include "serving/url_path.h"
#include "store/api.h"
#include "store/audit_chain.h"
#include "store/definition.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

// Percent-encoded, as it is sent.
const char* const kInjections[] = {
    "%27",
    "%27%20OR%20%271%27%3D%271",
    "%27%3B%20DROP%20TABLE%20flags%3B--",
    "1%3B%20DELETE%20FROM%20audit",
    "%22%3B%20UPDATE%20tokens%20SET%20kind%3D%27admin%27%3B--",
    "%25%27%20UNION%20SELECT%20hash%20FROM%20tokens--",
    "%3F%3F%24%241",
    "%5C%27",
    "%25",
    "%24%7Bjndi%3Aldap%3A%2F%2Fx%7D",
    "..%2F..%2Fetc%2Fpasswd",
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "%E2%80%AE%F0%9F%8F%B4",
    "9223372036854775808",
    "-1",
};

std::string PathWith(std::string_view pattern, const std::string& name, const std::string& value) {
  std::string path;
  while (!pattern.empty()) {
    const std::size_t open = std::min(pattern.find('{'), pattern.size());
    path += pattern.substr(0, open);
    pattern.remove_prefix(open);
    if (pattern.empty()) break;
    const std::size_t close = pattern.find('}');
    const std::string_view found = pattern.substr(1, close - 1);
    path += found == name            ? value
            : found == "environment" ? "prod"
            : found == "flag"        ? "a"
            : found == "segment"     ? "s"
            : found == "user"        ? "ann"
                                     : "1";
    pattern.remove_prefix(close + 1);
  }
  return path;
}

std::vector<std::string> NamesIn(std::string_view pattern) {
  std::vector<std::string> names;
  for (std::size_t open = pattern.find('{'); open != std::string_view::npos;
       open = pattern.find('{', open + 1)) {
    names.emplace_back(pattern.substr(open + 1, pattern.find('}', open) - open - 1));
  }
  return names;
}

struct Attacked : StoreFixture {
  Attacked() {
    Expect(201, "POST", "/api/v1/environments", R"({"key":"prod"})");
    Expect(201, "POST", "/api/v1/flags", R"({"key":"a",)" + kBooleanFlag + '}');
    Expect(201, "PUT", "/api/v1/environments/prod/segments/s", R"({"included":["x"]})", "");
  }
  // Everything that a request must not have changed.
  std::string Fingerprint() {
    std::string all;
    for (const char* table : {"flags", "environments", "segments", "tokens", "audit", "users"}) {
      all += std::to_string(CountRows("SELECT count(*) FROM " + std::string(table))) + ' ';
    }
    return all;
  }
};

TEST_CASE("no parameter of any route reaches the database as anything but a value") {
  Attacked store;
  const std::string before = store.Fingerprint();
  const auto attack = [&](const Route& route, const std::string& target) {
    INFO(route.method, " ", target);
    // A dry run, so that what is allowed by accident does not change what the next one finds.
    const char mark = target.find('?') == std::string::npos ? '?' : '&';
    const auto response =
        store.Send(std::string(route.method), route.Changes() ? target + mark + "dryRun" : target,
                   route.TakesDocument() ? "{}" : "");
    CHECK(response.status < 500);
  };
  for (const Route& route : ApiRoutes()) {
    for (const char* injection : kInjections) {
      for (const std::string& name : NamesIn(route.pattern)) {
        attack(route, PathWith(route.pattern, name, injection));
      }
      std::string rest = std::string(route.parameters) + " comment";
      for (std::size_t end = 0; end != std::string::npos;
           rest.erase(0, end == std::string::npos ? end : end + 1)) {
        end = rest.find(' ');
        const std::string name = rest.substr(0, end);
        if (name.empty()) continue;
        attack(route, PathWith(route.pattern, "", "") + '?' + name + '=' + injection);
      }
    }
  }
  CHECK(store.Fingerprint() == before);
}

TEST_CASE("what is no text reaches neither the database nor a backup") {
  Attacked store;
  const std::string before = store.Fingerprint();
  const std::string config = "/api/v1/environments/prod/flags/a";
  for (const std::string bad : {"%ff", "%ed%a0%80", "a%00b"}) {
    INFO(bad);
    store.Expect(400, "PUT", config + "?comment=" + bad, R"({"enabled":true})");
    store.Expect(400, "GET", "/api/v1/flags?q=" + bad);
    store.Expect(404, "GET", "/api/v1/flags/" + bad);
    ApiRequest once{"POST", "/api/v1/flags", R"({"key":"b",)" + kBooleanFlag + '}', store.grant,
                    "token:1"};
    once.idempotency_key = *serving::PercentDecode(bad);
    CHECK(Api(*store.ledger).Handle(once).status == 400);
  }
  for (const std::string& comment : {std::string("a\\u0000b"), std::string(1001, 'c')}) {
    const auto refused =
        store.Expect(422, "PATCH", config,
                     R"({"comment":")" + comment + R"(","instructions":[{"kind":"turnOn"}]})");
    CHECK(*refused.Find("pointer") == model::Value("comment"));
  }
  CHECK(!store.ledger->Commit({"cli:0", "prod", "", false, {}, "\xff"},
                              [](Change& change) { return change.DeleteSegment("prod", "s"); }));
  CHECK(store.Fingerprint() == before);
  // Nobody looks at a reason's length in an emergency.
  std::string reason;
  while (reason.size() < 1001) reason += "ä";
  store.Expect(200, "PATCH", config,
               R"({"instructions":[{"kind":"kill","reason":")" + reason + R"("}]})");
  CHECK(store.CountRows("SELECT length(comment) FROM audit ORDER BY seq DESC LIMIT 1") == 500);
}

TEST_CASE("text that looks like SQL or markup is kept and shown as it is") {
  Attacked store;
  const std::string text = R"('; DROP TABLE flags; -- <script>alert("x")</script> ${jndi} %s)";
  model::Object flag{{"key", model::Value(std::string("b"))},
                     {"name", model::Value(text)},
                     {"description", model::Value(text)},
                     {"owner", model::Value(text)}};
  std::string body = JsonText(flag);
  body.pop_back();
  store.Expect(201, "POST", "/api/v1/flags?comment=%27%3B--", body + ',' + kBooleanFlag + '}');
  const auto shown = store.Expect(200, "GET", "/api/v1/flags/b");
  CHECK(Text(shown, "name") == text);
  CHECK(Text(shown, "description") == text);
  // Second order: what was stored is used again as a filter, a page's end, a version.
  CHECK(store.Send("GET", "/api/v1/flags?q=%27%3B%20DROP").status == 200);
  CHECK(store.Expect(200, "GET", "/api/v1/audit?key=b").Find("entries")->AsArray()->size() == 1);
}

TEST_CASE("a clock that steps back changes neither the order of the log nor its chain") {
  Attacked store;
  const auto change = [&](int number) {
    store.Expect(200, "PATCH", "/api/v1/flags/a",
                 R"({"description":")" + std::to_string(number) + "\"}");
  };
  change(1);
  store.clock.wall -= 3'600'000;
  change(2);
  store.clock.wall += 7'200'000;
  change(3);
  std::vector<std::int64_t> sequences;
  REQUIRE(Audit(store.database).Each([&](const AuditEntry& entry) {
    sequences.push_back(entry.sequence);
  }));
  CHECK(std::is_sorted(sequences.begin(), sequences.end()));
  const auto entries = store.Expect(200, "GET", "/api/v1/audit?key=a&kind=flag");
  const auto& list = *entries.Find("entries")->AsArray();
  REQUIRE(list.size() == 4);
  for (std::size_t i = 0; i + 1 < list.size(); ++i) {
    CHECK(Number(list[i], "version") == Number(list[i + 1], "version") + 1);
  }
  CHECK(VerifyAudit(store.database));
}

}  // namespace
}  // namespace pennon::store
