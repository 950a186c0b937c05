// Who may do what, and that evaluation and health are answered without the database's thread.
#include "base/digest.h"
#include "tests/unit/store/served.h"

namespace pennon::store {
namespace {

TEST_CASE("each kind of token may do what it is for, and nothing else") {
  Served store;
  store.database_thread.Start();
  struct Row {
    const char* method;
    const char* path;
    int none, read, sync, admin;
  };
  const Row rows[] = {
      {"GET", "/api/v1/flags", 401, 403, 403, 200},
      {"GET", "/sync/v1/flagset", 401, 403, 200, 403},
      {"POST", "/evaluate", 401, 200, 200, 400},  // an admin token names none of two environments
      {"POST", "/ofrep/v1/evaluate/flags/a", 401, 200, 200, 400},
      {"GET", "/livez", 200, 200, 200, 200},
      {"GET", "/readyz", 200, 200, 200, 200},
      {"GET", "/metrics", 200, 200, 200, 200},
      {"GET", "/nothing", 404, 404, 404, 404},
      {"POST", "/metrics", 405, 405, 405, 405},
      {"POST", "/sync/v1/flagset", 405, 405, 405, 405},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    CHECK(store.Ask(row.method, row.path, "").status == row.none);
    CHECK(store.Ask(row.method, row.path, "pn_sync_unknown").status ==
          (row.none == 401 ? 401 : row.none));
    CHECK(store.Ask(row.method, row.path, store.read_key).status == row.read);
    CHECK(store.Ask(row.method, row.path, store.sync_key).status == row.sync);
    CHECK(store.Ask(row.method, row.path, store.admin).status == row.admin);
  }
}

TEST_CASE("evaluation, sync and health never wait for the database's thread") {
  Served store;  // its thread is not even started
  const auto evaluated = store.Ask("POST", "/evaluate", store.sync_key, R"({"flag":"a"})");
  CHECK(evaluated.status == 200);
  CHECK(evaluated.body.find(R"("environment":"prod")") != std::string::npos);
  CHECK(evaluated.body.find(R"("value":true)") != std::string::npos);
  CHECK(store.Ask("GET", "/sync/v1/flagset", store.sync_key).status == 200);
  CHECK(store.Ask("GET", "/readyz", "").status == 200);
}

TEST_CASE("who switches a flag on is told which daemons cannot evaluate it") {
  Served store;
  store.database_thread.Start();
  const auto report = [&](const std::string& instance, const std::string& more) {
    return store
        .Ask("POST", "/sync/v1/report", store.sync_key,
             R"({"instance":")" + instance + R"(","host":"h")" + more + '}')
        .status;
  };
  REQUIRE(report("fine", "") == 204);
  REQUIRE(report("old", R"(,"quarantined":["b","a"])") == 204);
  REQUIRE(report("other", R"(,"quarantined":["b"])") == 204);
  REQUIRE(report("large", R"(,"quarantined":["A","ba","a%"])") == 204);
  REQUIRE(report("stuck", R"(,"refused":"the signature is wrong")") == 204);
  CHECK(report("x", R"(,"quarantined":[""])") == 422);
  CHECK(report("x", R"(,"quarantined":[")" + std::string(257, 'k') + "\"]") == 422);
  const std::string path = "/api/v1/environments/prod/flags/a";
  const auto change = [&](const std::string& body) {
    const auto response = store.Ask("PATCH", path, store.admin, body);
    INFO(response.body);
    REQUIRE(response.status == 200);
    return *wire::ReadJson(response.body);
  };
  CHECK(change(R"({"enabled":false})").Find("warnings") == nullptr);
  const auto on = change(R"({"enabled":true})");
  REQUIRE(on.Find("warnings") != nullptr);
  const auto& warnings = *on.Find("warnings")->AsArray();
  REQUIRE(warnings.size() == 2);
  CHECK(Text(warnings[0], "instance") == "old");
  CHECK(Text(warnings[1], "detail").find("signature") != std::string::npos);
  CHECK(wire::ReadJson(store.Ask("GET", path, store.admin).body)->Find("warnings") == nullptr);
}

TEST_CASE("who may read something follows what is changed, as often as one may ask") {
  Served store;
  CHECK(store.Ask("GET", "/api/v1/events", "").status == 401);
  CHECK(store.Ask("GET", "/api/v1/events", store.sync_key).status == 403);
  CHECK(store.Ask("POST", "/api/v1/events", store.admin).status == 405);
  std::vector<std::unique_ptr<test::RecordedLater>> streams;
  for (std::int64_t i = 0; i < kMaxEventStreamsOfCaller; ++i) {
    streams.push_back(std::make_unique<test::RecordedLater>());
    REQUIRE(!store.Get("/api/v1/events", store.admin, *streams.back()));
  }
  CHECK(store.metrics.event_streams == kMaxEventStreamsOfCaller);
  const auto refused = store.Ask("GET", "/api/v1/events", store.admin);
  CHECK(refused.status == 429);
  CHECK(refused.headers.back().first == "Retry-After");
  store.Expect(200, "PATCH", "/api/v1/environments/prod/flags/a", R"({"enabled":false})");
  for (const auto& later : streams) {
    CHECK(later->stream->text.find("event: changes\n") != std::string::npos);
  }
  store.handler.EndStreams();
  CHECK(store.metrics.event_streams == 0);
}

TEST_CASE("the status says what is in force, to those who may read") {
  Served store;
  CHECK(store.Ask("GET", "/status", "").status == 401);
  CHECK(store.Ask("GET", "/status", store.sync_key).status == 403);
  const auto status = wire::ReadJson(store.Ask("GET", "/status", store.admin).body);
  REQUIRE(status);
  CHECK(*status->Find("databaseAnswers") == model::Value(true));
  const auto& environments = *status->Find("environments")->AsArray();
  REQUIRE(environments.size() == 2);
  CHECK(Text(environments[0], "environment") == "prod");
  CHECK(Number(environments[0], "flags") == 1);
}

TEST_CASE("a client key is answered what is for clients, to pages of any site; a secret is not") {
  Served store;
  store.Expect(201, "POST", "/api/v1/flags",
               R"({"key":"open","clientSide":true,)" + kBooleanFlag + '}');
  const std::string key = Text(store.Expect(201, "POST", "/api/v1/environments/prod/keys",
                                            R"({"name":"w","kind":"client"})"),
                               "token");
  const auto allowed = [](const net::HttpResponse& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "Access-Control-Allow-Origin") return value;
    }
    return std::string();
  };
  const auto bulk = store.Ask("POST", "/ofrep/v1/evaluate/flags", key, "{}");
  CHECK(bulk.status == 200);
  CHECK(bulk.body.find(R"("key":"open")") != std::string::npos);
  CHECK(bulk.body.find(R"("key":"a")") == std::string::npos);
  CHECK(allowed(bulk) == "*");
  CHECK(store.Ask("POST", "/ofrep/v1/evaluate/flags/open", key, "{}").status == 200);
  CHECK(store.Ask("POST", "/ofrep/v1/evaluate/flags/a", key, "{}").status == 404);
  CHECK(store.Ask("POST", "/evaluate", key, R"({"flag":"a"})").body.find("FLAG_NOT_FOUND") !=
        std::string::npos);
  CHECK(store.Ask("GET", "/sync/v1/flagset", key).status == 403);
  CHECK(allowed(store.Ask("POST", "/ofrep/v1/evaluate/flags", store.read_key, "{}")).empty());
  const auto preflight = store.Ask("OPTIONS", "/ofrep/v1/evaluate/flags", "");
  CHECK(preflight.status == 204);
  CHECK(allowed(preflight) == "*");
  CHECK(allowed(store.Ask("OPTIONS", "/api/v1/flags", "")).empty());
  CHECK(store.Ask("OPTIONS", "/api/v1/flags", "").status == 401);
}

TEST_CASE("a deleted key and a deleted environment stop working with the answer") {
  Served store;
  store.database_thread.Start();
  CHECK(store.Ask("DELETE", "/api/v1/environments/prod/keys/1", store.admin).status == 204);
  CHECK(store.Ask("GET", "/sync/v1/flagset", store.sync_key).status == 401);
  CHECK(store.Ask("POST", "/evaluate", store.read_key, "{}").status == 200);
  CHECK(store.Ask("DELETE", "/api/v1/environments/prod?confirm=prod", store.admin).status == 204);
  CHECK(store.Ask("POST", "/evaluate", store.read_key, "{}").status == 401);
}

TEST_CASE("what daemons report is shown, and a batch of usage that is sent twice counts once") {
  Served store;
  store.database_thread.Start();
  const std::string report =
      R"({"instance":"i-1","host":"berlin-4","version":"1.2.3","epoch":1,"revision":3,)"
      R"("refused":"too old","usage":[{"id":"b1","hour":"2023-11-14T22:59:59Z","counts":[)"
      R"({"flag":"a","variant":"on","reason":"SPLIT","evaluations":3},)"
      R"({"flag":"a","variant":"on","evaluations":2},{"flag":"gone","evaluations":1}]}]})";
  const auto send = [&](const std::string& body, const std::string& token) {
    return store.Ask("POST", "/sync/v1/report", token, body).status;
  };
  CHECK(send(report, store.sync_key) == 204);
  CHECK(send(report, store.sync_key) == 204);
  CHECK(send(report, store.read_key) == 403);
  CHECK(send("{", store.sync_key) == 400);
  CHECK(send("{}", store.sync_key) == 422);
  CHECK(send(R"({"instance":"i","usage":[{"id":"x","hour":0,"counts":[{"flag":""}]}]})",
             store.sync_key) == 422);
  const auto show = [&](const std::string& path) {
    return *wire::ReadJson(store.Ask("GET", "/api/v1/environments/prod" + path, store.admin).body);
  };
  const model::Value fleet = show("/fleet");
  REQUIRE(fleet.Find("daemons")->AsArray()->size() == 1);
  const model::Value& daemon = fleet.Find("daemons")->AsArray()->front();
  CHECK(Text(daemon, "host") == "berlin-4");
  CHECK(Text(daemon, "refused") == "too old");
  CHECK(*daemon.Find("current") == model::Value(false));
  const model::Value usage = show("/usage");
  const model::Array& flags = *usage.Find("flags")->AsArray();
  REQUIRE(flags.size() == 2);
  CHECK(Number(flags[0], "evaluations") == 5);
  CHECK(Number(*flags[0].Find("variants"), "on") == 5);
  CHECK(Text(flags[0], "lastHour") == "2023-11-14T22:00:00.000Z");
  CHECK(Number(*flags[0].Find("reasons"), "SPLIT") == 3);
  CHECK(Number(*flags[0].Find("reasons"), "") == 2);
  const model::Value hours = show("/flags/a/usage");
  REQUIRE(hours.Find("hours")->AsArray()->size() == 2);
  CHECK(Text(hours.Find("hours")->AsArray()->back(), "reason") == "SPLIT");
  const model::Value later = show("/usage?since=2024-01-01T00:00:00Z");
  CHECK(Number(later.Find("flags")->AsArray()->front(), "evaluations") == 0);
}

struct Reporting : Served {
  Reporting() { database_thread.Start(); }

  int Report(const std::string& id, base::WallMillis hour, std::int64_t evaluations) {
    const std::string count =
        R"({"flag":"a","variant":"on","evaluations":)" + std::to_string(evaluations) + '}';
    return Ask("POST", "/sync/v1/report", sync_key,
               R"({"instance":"i)" + id + R"(","usage":[{"id":")" + id + R"(","hour":)" +
                   std::to_string(hour) + R"(,"counts":[)" + count + "]}]}")
        .status;
  }
  // Of flag a, as the API shows it; -1 when it shows nothing.
  std::int64_t Evaluations(const std::string& query = "") {
    const auto response = Ask("GET", "/api/v1/environments/prod/usage" + query, admin);
    if (response.status != 200) return -1;
    return Number(wire::ReadJson(response.body)->Find("flags")->AsArray()->front(), "evaluations");
  }
  void Keep(base::WallMillis hour, std::int64_t evaluations) {
    REQUIRE(
        database.Run("INSERT INTO usage (environment, flag, variant, reason, hour, evaluations) "
                     "VALUES ('prod', 'a', 'on', '', ?, ?)",
                     hour, evaluations));
  }
};

TEST_CASE("counts that are too large to be true end at a limit, and harm no others") {
  constexpr base::WallMillis kHour = 3'600'000;
  Reporting store;
  const base::WallMillis hour = store.clock.wall / kHour * kHour;
  CHECK(store.Report("b1", hour, 5) == 204);
  CHECK(store.Report("b2", hour, INT64_MAX >> 16) == 204);
  CHECK(store.Evaluations() == kMaxEvaluations + 5);
  for (int i = 3; i < 15; ++i) {
    CHECK(store.Report('b' + std::to_string(i), hour, kMaxEvaluations) == 204);
  }
  CHECK(store.Evaluations() == kMaxHourlyEvaluations);
  // What an older store has taken.
  for (int i = 1; i < 4; ++i) store.Keep(hour - i * kHour, INT64_MAX - 1);
  CHECK(store.Evaluations() == 4 * kMaxHourlyEvaluations);
  CHECK(store.Report("c", hour - kHour, 5) == 204);
  CHECK(store.Evaluations() == 4 * kMaxHourlyEvaluations);
}

TEST_CASE("usage of hours that are long over or far ahead is answered as usual and not counted") {
  Reporting store;
  const base::WallMillis now = store.clock.wall;
  CHECK(store.Report("old", now - kMaxUsageAgeMillis, 1) == 204);
  CHECK(store.Report("first", 0, 1) == 204);
  CHECK(store.Report("ahead", now + 2 * kMaxUsageAheadMillis, 1) == 204);
  CHECK(store.Report("last", 253'076'000'000'000, 1) == 204);
  CHECK(store.CountRows("SELECT count(*) FROM usage") == 0);
  CHECK(store.CountRows("SELECT count(*) FROM daemons") == 4);
  CHECK(store.Report("soon", now + kMaxUsageAheadMillis, 1) == 204);
  CHECK(store.Report("late", now - kMaxUsageAgeMillis + 3'600'000, 1) == 204);
  CHECK(store.Evaluations("?since=0") == 2);
  store.Keep(253'076'400'000'000, 1);  // as an older store has taken it
  REQUIRE(Reports(store.database).Prune(now));
  CHECK(store.Evaluations("?since=0") == 2);
}

TEST_CASE("of more daemons than an environment may have those are kept that were seen last") {
  Reporting store;
  const auto take = [&](const std::string& instance, base::WallMillis now) {
    Report report;
    report.environment = "prod";
    report.instance = instance;
    report.quarantined = {instance == "0" ? "a" : "b"};
    return Reports(store.database).Take(report, now);
  };
  REQUIRE(store.database.Transaction([&] {
    base::Result<void> done;
    for (std::int64_t i = 0; i < kMaxDaemons && done; ++i) done = take(std::to_string(i), i);
    return done;
  }));
  // Flag a is what the first one cannot evaluate; too many others have been seen since.
  const auto unable = [&](const std::string& flag) {
    return Reports(store.database).Unable("prod", flag, 20).value().size();
  };
  CHECK(unable("b") == 20);
  CHECK(unable("a") == 0);
  CHECK(store.Report("new", store.clock.wall, 1) == 204);
  CHECK(store.CountRows("SELECT count(*) FROM daemons") == kMaxDaemons);
  CHECK(store.CountRows("SELECT count(*) FROM daemons WHERE instance = '0'") == 0);
  REQUIRE(take("0", store.clock.wall));
  CHECK(unable("a") == 1);
}

TEST_CASE("of very many quarantined flags as many are kept as a change has time to look at") {
  Reporting store;
  std::string keys;
  for (std::size_t i = 0; i < kMaxReportedFlags; ++i) {
    keys += (i == 0 ? "\"" : ",\"") + std::to_string(1000 + i) + std::string(250, 'k') + '"';
  }
  CHECK(store
            .Ask("POST", "/sync/v1/report", store.sync_key,
                 R"({"instance":"i","quarantined":[)" + keys + "]}")
            .status == 204);
  CHECK(store.CountRows("SELECT length(quarantined) FROM daemons") < 34'000);
  CHECK(store.CountRows("SELECT length(quarantined) FROM daemons") > 30'000);
}

TEST_CASE("a content type that is not JSON is 415, a refusal never quotes the token") {
  Served store;
  CHECK(store.Ask("POST", "/api/v1/flags", store.admin, "{}", "text/plain").status == 415);
  const auto refused = store.Ask("GET", "/api/v1/flags", "pn_admin_guess");
  CHECK(refused.status == 401);
  CHECK(refused.body.find("guess") == std::string::npos);
}

TEST_CASE("a path is told without the tokens in it") {
  const std::string digits(64, 'a');
  CHECK(WithoutTokens("/api/v1/tokens/pn_admin_" + digits) == "/api/v1/tokens/pn_admin_***");
  CHECK(WithoutTokens("/" + digits + "0/x/" + digits) == "/***/x/***");
  CHECK(WithoutTokens("/flags/" + digits.substr(1)) == "/flags/" + digits.substr(1));
  CHECK(WithoutTokens("").empty());
}

TEST_CASE("the stream of a key ends when the key is deleted, and when it has expired") {
  Served store;
  store.database_thread.Start();
  const auto expiring = wire::ReadJson(
      store
          .Ask("POST", "/api/v1/environments/prod/keys", store.admin,
               R"({"name":"e","expiresAt":)" + std::to_string(store.clock.wall + 1000) + '}')
          .body);
  REQUIRE(expiring);
  const test::RecordedLater deleted;
  const test::RecordedLater expired;
  CHECK(!store.Get("/sync/v1/stream", store.sync_key, deleted));
  CHECK(!store.Get("/sync/v1/stream", Text(*expiring, "token"), expired));
  CHECK(store.Ask("DELETE", "/api/v1/environments/prod/keys/1", store.admin).status == 204);
  CHECK(deleted.stream->ended);
  store.handler.Beat();
  CHECK(!expired.stream->ended);
  store.clock.wall += 1000;
  store.handler.Beat();
  CHECK(expired.stream->ended);
  CHECK(store.metrics.streams == 0);
}

TEST_CASE("who may read one environment evaluates there, and who may read none nowhere") {
  Served store;
  const auto as = [&](Roles roles) {
    store.handler.SetCredentials(std::make_shared<const Credentials>(
        std::vector<TokenRecord>{}, std::vector<UserRecord>{{1, "ann", std::move(roles)}},
        std::vector<SessionRecord>{{1, 1, base::Sha256Hex("secret"), 0, store.clock.wall + 1000}}));
    const std::string cookie = std::string(kSessionCookie) + "=secret";
    return store.Ask("POST", "/evaluate", "", "{}", "application/json", {{"Cookie", cookie}});
  };
  CHECK(as({Role::kViewer, {{"prod", Role::kNone}}}).body.find("\"test\"") != std::string::npos);
  CHECK(as({Role::kNone, {{"prod", Role::kViewer}}}).body.find("\"prod\"") != std::string::npos);
  CHECK(as({Role::kNone, {{"prod", Role::kNone}}}).status == 403);
  CHECK(as({Role::kNone, {}}).status == 403);
  CHECK(as({Role::kAdmin, {}}).status == 400);  // there are two
}

TEST_CASE("the status shows a caller the environments that it may read") {
  Served store;
  const auto shown = [&](Roles roles) {
    store.handler.SetCredentials(std::make_shared<const Credentials>(
        std::vector<TokenRecord>{}, std::vector<UserRecord>{{1, "ann", std::move(roles)}},
        std::vector<SessionRecord>{{1, 1, base::Sha256Hex("secret"), 0, store.clock.wall + 1000}}));
    const std::string cookie = std::string(kSessionCookie) + "=secret";
    const auto response =
        store.Ask("GET", "/status", "", "", "application/json", {{"Cookie", cookie}});
    REQUIRE(response.status == 200);
    std::string names;
    const auto document = *wire::ReadJson(response.body);
    for (const model::Value& one : *document.Find("environments")->AsArray()) {
      names += Text(one, "environment") + ' ';
    }
    return names;
  };
  CHECK(shown({Role::kViewer, {}}) == "prod test ");
  CHECK(shown({Role::kNone, {{"test", Role::kViewer}}}) == "test ");
  CHECK(shown({Role::kAdmin, {{"prod", Role::kNone}}}) == "test ");
}

}  // namespace
}  // namespace pennon::store
