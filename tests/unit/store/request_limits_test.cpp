// How much may be asked, and what becomes of a request that comes again, too soon or too many.
#include "store/held_memory.h"
#include "tests/unit/store/served.h"

namespace pennon::store {
namespace {

TEST_CASE("when more requests wait than the queue takes, the next one is 503 at once") {
  Served store;
  for (std::size_t i = 0; i < base::kMaxQueuedTasks; ++i)
    REQUIRE(store.database_thread.Post([] {}));
  const auto response = store.Ask("POST", "/api/v1/flags", store.admin, "{}");
  CHECK(response.status == 503);
  CHECK(response.headers.back().first == "Retry-After");
}

TEST_CASE("bodies that wait for the database have room within limits.memory, and give it back") {
  Served store;  // its thread does not run yet
  // The answer, if it does not come later.
  const auto send = [&](std::size_t size, const test::RecordedLater& late) {
    const std::string authorization = "Bearer " + store.admin;
    std::string body(size + 1, ' ');
    net::HttpRequest request;
    request.method = "POST";
    request.path = "/api/v1/flags";
    request.headers.emplace_back("Authorization", authorization);
    request.body = {body.data(), size};
    net::HttpResponse response;
    const bool is_answered = store.handler.Handle(request, response, late);
    return is_answered ? std::optional(response) : std::nullopt;
  };
  constexpr std::size_t kRoom = std::size_t{1} << 20U;
  const test::RecordedLater fits;
  const test::RecordedLater exceeds;
  const test::RecordedLater small;
  CHECK(!send(kRoom, fits));
  const auto refused = send(3 * kFreeBytes, exceeds);
  REQUIRE(refused);
  CHECK(refused->status == 503);
  CHECK(refused->headers.back().first == "Retry-After");
  CHECK(store.memory.refused() == 1);
  CHECK(!send(kFreeBytes, small));  // of these there may be as many as the queue takes
  store.database_thread.Start();
  CHECK(fits.response.get_future().get().status == 400);
  CHECK(small.response.get_future().get().status == 400);
  store.database_thread.Stop();
  CHECK(store.memory.used() == 0);
}

TEST_CASE("a stream is for who reads it: HEAD is refused and begins none") {
  Served store;
  const auto refused = [&](const std::string& method, const std::string& path,
                           const std::string& token) {
    const auto response = store.Ask(method, path, token);
    return response.status == 405 &&
           response.headers.back() == std::pair<std::string_view, std::string>("Allow", "GET");
  };
  CHECK(refused("HEAD", "/sync/v1/stream", store.sync_key));
  CHECK(refused("HEAD", "/api/v1/events", store.admin));
  CHECK(refused("POST", "/sync/v1/stream", store.sync_key));
  CHECK(refused("POST", "/api/v1/events", store.admin));
  CHECK(store.metrics.streams == 0);
  CHECK(store.metrics.event_streams == 0);
  CHECK(store.Ask("HEAD", "/sync/v1/flagset", store.sync_key).status == 200);
}

TEST_CASE("while the store drains every answer ends its connection, also one that comes late") {
  Served store;
  const auto closes = [&](const std::string& path) {
    return store.Ask("GET", path, store.admin).close;
  };
  CHECK(!closes("/readyz"));
  CHECK(!closes("/api/v1/flags"));
  const std::string authorization = "Bearer " + store.admin;
  net::HttpRequest request;
  request.method = "POST";
  request.path = "/api/v1/flags";
  request.headers.emplace_back("Authorization", authorization);
  net::HttpResponse unused;
  const test::RecordedLater begun;
  CHECK(!store.handler.Handle(request, unused, begun));  // the thread does not run yet
  store.draining = true;
  for (const char* const path : {"/readyz", "/nothing", "/sync/v1/flagset", "/api/v1/flags"})
    CHECK(closes(path));
  for (std::size_t i = 1; i < base::kMaxQueuedTasks; ++i)
    REQUIRE(store.database_thread.Post([] {}));
  CHECK(store.Ask("POST", "/api/v1/flags", store.admin, "{}").close);  // 503
  store.database_thread.Start();
  CHECK(begun.response.get_future().get().close);
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
                          2,
                          store.draining,
                          store.memory,
                          store.press};
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

// So much that one transaction takes no other with it, and the queue takes ten.
Report HeavyReport(const std::string& instance) {
  constexpr std::size_t kCounts = 19'700;
  UsageBatch batch{"batch of " + instance, 1'700'000'000'000, {}};
  batch.counts.resize(kCounts, {"a", "", "", 1});
  Report report;
  report.environment = "prod";
  report.instance = instance;
  report.usage.push_back(std::move(batch));
  return report;
}

TEST_CASE("reports wait within a budget, and there is room again when they are written") {
  Served store;
  constexpr std::size_t kFit = 10;
  std::vector<std::promise<bool>> answers(kFit);
  const auto take = [&](std::size_t number, const ReportIntake::Answer& answer) {
    return store.reports.Take(HeavyReport("i" + std::to_string(number)), answer);
  };
  for (std::size_t i = 0; i < kFit; ++i) {
    REQUIRE(take(
        i, [&, i](const base::Result<void>& done) { answers[i].set_value(done.has_value()); }));
  }
  CHECK(!take(kFit, {}));
  store.database_thread.Start();
  for (auto& answer : answers) CHECK(answer.get_future().get());
  std::promise<bool> last;
  REQUIRE(take(kFit, [&](const base::Result<void>& done) { last.set_value(done.has_value()); }));
  CHECK(last.get_future().get());
}

TEST_CASE("many reports are written in turns: what else waits for the database comes in between") {
  Served store;
  std::string order;
  std::promise<void> done;
  const auto take = [&](const std::string& instance) {
    REQUIRE(
        store.reports.Take(HeavyReport(instance), [&, instance](const base::Result<void>& written) {
          order += written ? instance : "!";
          if (instance == "c") done.set_value();
        }));
  };
  take("a");
  take("b");
  REQUIRE(store.database_thread.Post([&] { order += '-'; }));
  take("c");
  store.database_thread.Start();
  done.get_future().get();
  CHECK(order == "a-bc");
}

TEST_CASE("reports that wait when the store ends are written and answered") {
  Served store;
  std::string order;
  for (const char* const instance : {"a", "b", "c"}) {
    REQUIRE(store.reports.Take(
        HeavyReport(instance),
        [&order, instance](const base::Result<void>& done) { order += done ? instance : "!"; }));
  }
  REQUIRE(store.database_thread.Post([] {}));
  store.database_thread.Start();
  store.database_thread.Stop();
  CHECK(order == "abc");
  CHECK(!store.reports.Take(HeavyReport("d"), {}));
}

TEST_CASE("a daemon that reports too often is told to come later, others with its key are not") {
  Served store;
  store.database_thread.Start();
  const auto report = [&](const std::string& instance) {
    return store.Ask("POST", "/sync/v1/report", store.sync_key,
                     R"({"instance":")" + instance + "\"}");
  };
  for (std::int64_t i = 0; i < 2 * kReportsPerSecond; ++i) REQUIRE(report("busy").status == 204);
  const auto refused = report("busy");
  CHECK(refused.status == 429);
  CHECK(refused.headers.back() == std::pair<std::string_view, std::string>("Retry-After", "1"));
  CHECK(report("other").status == 204);
}

TEST_CASE("more streams than there is room for are asked to come later") {
  Served store;
  for (int i = 0; i < 2; ++i) {
    const test::RecordedLater late;
    REQUIRE(!store.Get("/sync/v1/stream", store.sync_key, late));
  }
  const auto refused = store.Ask("GET", "/sync/v1/stream", store.sync_key);
  CHECK(refused.status == 503);
  CHECK(refused.headers.back().first == "Retry-After");
  CHECK(store.metrics.streams == 2);
}

}  // namespace
}  // namespace pennon::store
