// A store as one worker serves it, for tests that ask over HTTP without a socket.
#pragma once

#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/access_change.h"
#include "store/request_handler.h"
#include "tests/support/late_answer.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {

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

  // A GET whose answer may come later; false when it does.
  bool Get(const std::string& path, const std::string& token, const test::RecordedLater& late) {
    return Get(handler, path, token, late);
  }
  static bool Get(RequestHandler& handler, const std::string& path, const std::string& token,
                  const test::RecordedLater& late) {
    net::HttpRequest request;
    const std::string authorization = "Bearer " + token;
    request.method = "GET";
    request.path = path;
    request.headers.emplace_back("Authorization", authorization);
    net::HttpResponse response;
    return handler.Handle(request, response, late);
  }

  // More flags in an environment than a worker writes down by itself.
  void FillProd() {
    std::string flags;
    for (int i = 0; i < 800; ++i)
      flags += (i == 0 ? "\"f" : ",\"f") + std::to_string(i) + "\":{" + kBooleanFlag + '}';
    Expect(200, "POST", "/api/v1/environments/prod/import",
           R"({"environment":"prod","flags":{)" + flags + "}}");
  }

  net::MemoryBudget memory{std::size_t{1} << 20U};
  Api api{*ledger};
  base::TaskThread database_thread;
  StoreMetrics metrics{memory};
  base::Logger log{base::LogLevel::kOff, base::LogFormat::kLogfmt};
  TokenUse token_use;
  ReportIntake reports{database, database_thread, clock};
  base::TaskThread password_thread;
  SignIn sign_in{*ledger, database_thread, password_thread, log};
  RateLimiter api_rate{0, 0};
  TrustedProxies proxies;
  StreamSeats event_seats{metrics.event_streams};
  std::atomic<bool> draining = false;
  std::unique_ptr<ReaderPool> readers = *ReaderPool::Open(location, 2, clock);
  SyncPress press;
  RequestServices services{api, database_thread, *readers, metrics,  token_use, reports,
                           log, clock,           sign_in,  api_rate, proxies,   event_seats,
                           2,   draining,        memory,   press};
  RequestHandler handler{services};
  std::string sync_key;
  std::string read_key;
  std::string admin;
};

}  // namespace pennon::store
