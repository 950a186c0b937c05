// Who may do what, and that evaluation and health are answered without the database's thread.
#include "store/request_handler.h"

#include <future>

#include "store/access_change.h"
#include "tests/support/late_answer.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

// One worker's handler, told everything the ledger publishes, in this thread.
struct Served : StoreFixture, CommitListener {
  Served() {
    Expect(201, "POST", "/api/v1/environments", R"({"key":"prod"})");
    Expect(201, "POST", "/api/v1/environments", R"({"key":"test"})");
    Expect(201, "POST", "/api/v1/flags", R"({"key":"a",)" + kBooleanFlag + '}');
    Expect(200, "PUT", "/api/v1/environments/prod/flags/a", R"({"default":{"variant":"on"}})");
    sync_key =
        Text(Expect(201, "POST", "/api/v1/environments/prod/keys", R"({"name":"d"})"), "token");
    read_key =
        Text(Expect(201, "POST", "/api/v1/environments/prod/keys", R"({"name":"s","kind":"read"})"),
             "token");
    REQUIRE(ledger->Commit({"cli:0", "", "", false}, [&](Change& change) {
      return AccessChange(change)
          .CreateToken(TokenKind::kAdmin, std::nullopt, "admin")
          .map([&](NewToken token) { admin = token.secret; });
    }));
    ledger->Listen(*this);
    readers->Start();
  }

  void OnEnvironment(std::shared_ptr<const EnvironmentSet> set) override {
    readers->Put(set);
    handler.PutEnvironment(*set, std::make_shared<const SyncBody>(set));
  }
  void OnEnvironmentDeleted(const std::string& environment) override {
    readers->Remove(environment);
    handler.RemoveEnvironment(environment);
  }
  void OnCredentials(std::shared_ptr<const Credentials> credentials) override {
    handler.SetCredentials(std::move(credentials));
  }
  void OnNews(std::shared_ptr<const News> news) override { handler.PutNews(std::move(news)); }

  net::HttpResponse Ask(const std::string& method, const std::string& target,
                        const std::string& token, const std::string& body = "",
                        const std::string& content_type = "application/json",
                        const std::vector<std::pair<std::string, std::string>>& more = {}) {
    std::string text = body + '\0';  // the byte after the body is writable
    const std::string authorization = "Bearer " + token;
    net::HttpRequest request;
    const std::size_t mark = target.find('?');
    const std::string path = target.substr(0, mark);
    request.method = method;
    request.path = path;
    if (mark != std::string::npos) request.query = std::string_view(target).substr(mark + 1);
    request.headers.emplace_back("If-Match", "*");
    if (!token.empty()) request.headers.emplace_back("Authorization", authorization);
    request.headers.emplace_back("Content-Type", content_type);
    for (const auto& [name, value] : more) request.headers.emplace_back(name, value);
    request.body = {text.data(), body.size()};
    net::HttpResponse response;
    const test::RecordedLater late;
    const bool answered = handler.Handle(request, response, late);
    return answered ? response : late.response.get_future().get();
  }

  Api api{*ledger};
  base::TaskThread database_thread;
  StoreMetrics metrics;
  base::Logger log{base::LogLevel::kOff, base::LogFormat::kLogfmt};
  TokenUse token_use;
  ReportIntake reports{database, database_thread, clock};
  base::TaskThread password_thread;
  SignIn sign_in{*ledger, database_thread, password_thread, log};
  RateLimiter api_rate{0, 0};
  TrustedProxies proxies;
  StreamSeats event_seats{metrics.event_streams};
  std::unique_ptr<ReaderPool> readers = *ReaderPool::Open(location, 2, clock);
  RequestServices services{api,   database_thread, *readers, metrics, token_use,   reports, log,
                           clock, sign_in,         api_rate, proxies, event_seats, 2};
  RequestHandler handler{services};
  std::string sync_key;
  std::string read_key;
  std::string admin;
};

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

TEST_CASE("when more requests wait than the queue takes, the next one is 503 at once") {
  Served store;
  for (std::size_t i = 0; i < base::kMaxQueuedTasks; ++i)
    REQUIRE(store.database_thread.Post([] {}));
  const auto response = store.Ask("POST", "/api/v1/flags", store.admin, "{}");
  CHECK(response.status == 503);
  CHECK(response.headers.back().first == "Retry-After");
}

TEST_CASE("a long answer is compressed for who takes it so") {
  Served store;
  for (int i = 0; i < 20; ++i) {
    store.Expect(201, "POST", "/api/v1/flags",
                 R"({"key":"long-)" + std::to_string(i) + "\"," + kBooleanFlag + '}');
  }
  const auto plain = store.Ask("GET", "/api/v1/flags", store.admin);
  const auto packed = store.Ask("GET", "/api/v1/flags", store.admin, "", "application/json",
                                {{"Accept-Encoding", "gzip, br"}});
  const auto has = [](const net::HttpResponse& response, const std::string& name) {
    return std::any_of(response.headers.begin(), response.headers.end(),
                       [&](const auto& header) { return header.first == name; });
  };
  CHECK(has(plain, "X-Content-Type-Options"));
  CHECK(!has(plain, "Content-Encoding"));
  CHECK(has(packed, "Content-Encoding"));
  CHECK(packed.body.size() * 4 < plain.body.size());
}

TEST_CASE("a creation that is sent again with its idempotency key is made once") {
  Served store;
  store.database_thread.Start();
  const auto create = [&](const std::string& path, const std::string& body,
                          const std::string& key) {
    return store.Ask("POST", path, store.admin, body, "application/json",
                     {{"Idempotency-Key", key}});
  };
  const std::string flag = R"({"key":"once",)" + kBooleanFlag + '}';
  const auto made = create("/api/v1/flags", flag, "k1");
  REQUIRE(made.status == 201);
  const auto again = create("/api/v1/flags", flag, "k1");
  CHECK(again.status == 201);
  CHECK(again.body == made.body);
  CHECK(create("/api/v1/flags", flag, "k2").status == 409);
  CHECK(create("/api/v1/flags", R"({"key":"other",)" + kBooleanFlag + '}', "k1").status == 409);
  // What was refused was not done, so its key is free.
  CHECK(create("/api/v1/flags", "{}", "k3").status == 422);
  CHECK(create("/api/v1/flags", R"({"key":"third",)" + kBooleanFlag + '}', "k3").status == 201);

  const std::string tokens = "/api/v1/tokens";
  const auto count = [&] { return store.CountRows("SELECT count(*) FROM tokens"); };
  REQUIRE(create(tokens, R"({"name":"t"})", "k4").status == 201);
  const auto before = count();
  CHECK(create(tokens, R"({"name":"t"})", "k4").status == 409);
  CHECK(count() == before);
  CHECK(store.CountRows("SELECT count(*) FROM replies WHERE body LIKE '%pn_viewer_%'") == 0);
  CHECK(create("/api/v1/flags", flag, std::string(kMaxIdempotencyKeyBytes + 1, 'k')).status == 400);

  REQUIRE(Replies(store.database).Prune(store.clock.wall + kReplyKeptMillis));
  CHECK(create(tokens, R"({"name":"t"})", "k4").status == 409);
  REQUIRE(Replies(store.database).Prune(store.clock.wall + kReplyKeptMillis + 1));
  CHECK(create(tokens, R"({"name":"t"})", "k4").status == 201);
}

TEST_CASE("one token may send so much; the next request is told when to come") {
  Served store;
  RateLimiter strict(2, 1000);
  RequestServices limited{store.api,
                          store.database_thread,
                          *store.readers,
                          store.metrics,
                          store.token_use,
                          store.reports,
                          store.log,
                          store.clock,
                          store.sign_in,
                          strict,
                          store.proxies,
                          store.event_seats,
                          2};
  RequestHandler handler(limited);
  handler.SetCredentials(std::make_shared<const Credentials>(*Tokens(store.database).All()));
  const auto send = [&](const std::string& token) {
    const std::string authorization = "Bearer " + token;
    net::HttpRequest request;
    request.method = "GET";
    request.path = "/api/v1/flags";
    request.headers.emplace_back("Authorization", authorization);
    net::HttpResponse response;
    const test::RecordedLater late;
    const bool answered = handler.Handle(request, response, late);
    return answered ? response : late.response.get_future().get();
  };
  CHECK(send(store.admin).status == 200);
  CHECK(send(store.admin).status == 200);
  const auto refused = send(store.admin);
  CHECK(refused.status == 429);
  CHECK(refused.headers.back() == std::pair<std::string_view, std::string>("Retry-After", "2"));
  CHECK(send(store.sync_key).status == 403);  // somebody else
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
  REQUIRE(report("stuck", R"(,"refused":"the signature is wrong")") == 204);
  CHECK(report("x", R"(,"quarantined":[""])") == 422);
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

TEST_CASE("a report that the database refuses is refused alone") {
  Served store;  // its thread does not run yet: all of these are written together
  std::vector<std::future<int>> answers;
  std::vector<std::promise<int>> promises(3);
  int number = 0;
  for (auto& promise : promises) {
    answers.push_back(promise.get_future());
    Report report;
    report.environment = ++number == 2 ? "gone" : "prod";
    report.instance = "i" + std::to_string(number);
    REQUIRE(store.reports.Take(std::move(report), [&promise](const base::Result<void>& done) {
      promise.set_value(done ? 204 : 503);
    }));
  }
  store.database_thread.Start();
  CHECK(answers[0].get() == 204);
  CHECK(answers[1].get() == 503);
  CHECK(answers[2].get() == 204);
}

TEST_CASE("more streams than there is room for are asked to come later") {
  Served store;
  for (int i = 0; i < 2; ++i) {
    net::HttpRequest request;
    const std::string authorization = "Bearer " + store.sync_key;
    request.method = "GET";
    request.path = "/sync/v1/stream";
    request.headers.emplace_back("Authorization", authorization);
    net::HttpResponse response;
    const test::RecordedLater late;
    REQUIRE(!store.handler.Handle(request, response, late));
  }
  const auto refused = store.Ask("GET", "/sync/v1/stream", store.sync_key);
  CHECK(refused.status == 503);
  CHECK(refused.headers.back().first == "Retry-After");
  CHECK(store.metrics.streams == 2);
}

TEST_CASE("who may read something follows what is changed, as often as one may ask") {
  Served store;
  CHECK(store.Ask("GET", "/api/v1/events", "").status == 401);
  CHECK(store.Ask("GET", "/api/v1/events", store.sync_key).status == 403);
  CHECK(store.Ask("POST", "/api/v1/events", store.admin).status == 405);
  std::vector<std::unique_ptr<test::RecordedLater>> streams;
  for (std::int64_t i = 0; i < kMaxEventStreamsOfCaller; ++i) {
    net::HttpRequest request;
    const std::string authorization = "Bearer " + store.admin;
    request.method = "GET";
    request.path = "/api/v1/events";
    request.headers.emplace_back("Authorization", authorization);
    net::HttpResponse response;
    streams.push_back(std::make_unique<test::RecordedLater>());
    REQUIRE(!store.handler.Handle(request, response, *streams.back()));
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
      R"({"flag":"a","variant":"on","evaluations":5},{"flag":"gone","evaluations":1}]}]})";
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
  CHECK(show("/flags/a/usage").Find("hours")->AsArray()->size() == 1);
  const model::Value later = show("/usage?since=2024-01-01T00:00:00Z");
  CHECK(Number(later.Find("flags")->AsArray()->front(), "evaluations") == 0);
}

TEST_CASE("a content type that is not JSON is 415, a refusal never quotes the token") {
  Served store;
  CHECK(store.Ask("POST", "/api/v1/flags", store.admin, "{}", "text/plain").status == 415);
  const auto refused = store.Ask("GET", "/api/v1/flags", "pn_admin_guess");
  CHECK(refused.status == 401);
  CHECK(refused.body.find("guess") == std::string::npos);
}

}  // namespace
}  // namespace pennon::store
