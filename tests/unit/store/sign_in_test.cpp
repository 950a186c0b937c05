// Passwords, sessions and what keeps other sites and guessers out.
#include "store/sign_in.h"

#include "store/access_change.h"
#include "store/origin.h"
#include "store/password.h"
#include "store/token_use.h"
#include "tests/support/late_answer.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;
const Headers kFromPage{{"X-Requested-With", "pennon"}};
constexpr const char* kPassword = "correct horse battery";

struct SignedIn : StoreFixture {
  SignedIn() {
    Expect(201, "POST", "/api/v1/environments", R"({"key":"prod"})");
    invitation = Text(Expect(201, "POST", "/api/v1/users", R"({"name":"ann","role":"admin"})"),
                      "invitation");
    database_thread.Start();
    password_thread.Start();
  }

  std::shared_ptr<const Credentials> Known() {
    return std::make_shared<const Credentials>(*Tokens(database).All(), *Users(database).All(),
                                               *Users(database).Sessions());
  }
  net::HttpResponse Ask(const std::string& method, const std::string& path,
                        const std::string& body = "", const Headers& headers = kFromPage) {
    net::HttpRequest request;
    request.method = method;
    request.path = path;
    std::string text = body + '\0';
    request.body = {text.data(), body.size()};
    for (const auto& [name, value] : headers) request.headers.emplace_back(name, value);
    net::HttpResponse response;
    const test::RecordedLater late;
    const bool answered = sign_in.Handle(request, caller, Known(), response, late);
    if (!answered && meanwhile) meanwhile();
    return answered ? response : late.response.get_future().get();
  }
  net::HttpResponse Enter(const std::string& user, const std::string& password) {
    return Ask("POST", "/api/v1/session",
               R"({"user":")" + user + R"(","password":")" + password + "\"}");
  }
  net::HttpResponse Accept(const std::string& token, const std::string& password = kPassword) {
    return Ask("POST", "/api/v1/setup",
               R"({"token":")" + token + R"(","password":")" + password + "\"}");
  }
  static std::string Cookie(const net::HttpResponse& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "Set-Cookie") return value.substr(0, value.find(';'));
    }
    return {};
  }
  base::Result<Grant> Identify(const std::string& cookie) {
    net::HttpRequest request;
    request.headers.emplace_back("Cookie", cookie);
    return Known()->Identify(request, clock.wall);
  }

  base::TaskThread database_thread;
  base::TaskThread password_thread;
  base::Logger log{base::LogLevel::kOff, base::LogFormat::kLogfmt};
  SignIn sign_in{*ledger, database_thread, password_thread, log};
  std::string invitation;
  std::string caller = "192.0.2.1";
  std::function<void()> meanwhile;  // while the answer is made
};

TEST_CASE("an invitation sets a password once, and begins a session") {
  SignedIn store;
  CHECK(store.Accept(store.invitation, "too short").status == 422);
  const auto entered = store.Accept(store.invitation);
  REQUIRE(entered.status == 200);
  CHECK(entered.body.find(R"("user":"ann","role":"admin")") != std::string::npos);
  const auto grant = store.Identify("a=b; " + SignedIn::Cookie(entered) + "; c=d");
  REQUIRE(grant);
  CHECK(grant->Actor() == "user:ann");
  CHECK(grant->roles.everywhere == Role::kAdmin);
  CHECK(store.Accept(store.invitation).status == 404);
}

TEST_CASE("an invitation ends after a day, and with the next one") {
  SignedIn store;
  const auto next = Text(store.Expect(201, "POST", "/api/v1/users/ann/invitation"), "invitation");
  CHECK(store.Accept(store.invitation).status == 404);
  store.clock.wall += kInvitationMillis;
  CHECK(store.Accept(next).status == 404);
}

TEST_CASE("a session begins with the right password, and every session has another secret") {
  SignedIn store;
  CHECK(store.Enter("ann", kPassword).status == 401);  // there is none yet
  store.Accept(store.invitation);
  CHECK(store.Enter("ann", "something else").status == 401);
  CHECK(store.Enter("nobody", kPassword).status == 401);
  const auto first = store.Enter("ann", kPassword);
  const auto second = store.Enter("ann", kPassword);
  REQUIRE(first.status == 200);
  CHECK(SignedIn::Cookie(first) != SignedIn::Cookie(second));
  CHECK(store.Identify(SignedIn::Cookie(first)));
}

TEST_CASE("the cookie is for this host, not for scripts and not for other sites") {
  SignedIn store;
  const auto entered = store.Accept(store.invitation);
  const auto cookie = std::find_if(entered.headers.begin(), entered.headers.end(),
                                   [](const auto& header) { return header.first == "Set-Cookie"; });
  REQUIRE(cookie != entered.headers.end());
  CHECK(cookie->second.starts_with("__Host-pennon="));
  for (const char* part : {"; Path=/;", "; Secure;", "; HttpOnly;", "; SameSite=Strict;"}) {
    CHECK(cookie->second.find(part) != std::string::npos);
  }
}

TEST_CASE("a session that was ended, or another password, ends what a copied cookie may do") {
  SignedIn store;
  const std::string cookie = SignedIn::Cookie(store.Accept(store.invitation));
  const std::string other = SignedIn::Cookie(store.Enter("ann", kPassword));
  const Headers mine{{"X-Requested-With", "x"}, {"Cookie", cookie}};
  CHECK(store.Ask("GET", "/api/v1/session", "", mine).status == 200);
  CHECK(store.Ask("DELETE", "/api/v1/session", "", mine).status == 204);
  CHECK(!store.Identify(cookie));
  CHECK(store.Ask("GET", "/api/v1/session", "", mine).status == 401);

  const Headers others{{"X-Requested-With", "x"}, {"Cookie", other}};
  const std::string change = "/api/v1/session/password";
  CHECK(
      store.Ask("PUT", change, R"({"current":"wrong","next":"another good one"})", others).status ==
      403);
  CHECK(store.Ask("PUT", change, R"({"current":"correct horse battery","next":"short"})", others)
            .status == 422);
  const auto changed = store.Ask(
      "PUT", change, R"({"current":"correct horse battery","next":"another good one"})", others);
  REQUIRE(changed.status == 200);
  CHECK(!store.Identify(other));
  CHECK(store.Identify(SignedIn::Cookie(changed)));
  CHECK(store.Enter("ann", kPassword).status == 401);
}

TEST_CASE("a session ends when it is not used, goes on when it is, and not for ever") {
  SignedIn store;
  const std::string cookie = SignedIn::Cookie(store.Accept(store.invitation));
  const auto id = store.Identify(cookie)->id;
  TokenUse use;
  const auto begun = store.clock.wall;
  while (store.clock.wall < begun + kSessionMillis - kSessionIdleMillis) {
    store.clock.wall += kSessionIdleMillis / 2;
    REQUIRE(store.Identify(cookie));
    use.Note(id, store.clock.wall);
    REQUIRE(use.Write(*store.ledger));
  }
  store.clock.wall = begun + kSessionMillis - 1;
  CHECK(store.Identify(cookie));
  use.Note(id, store.clock.wall);
  REQUIRE(use.Write(*store.ledger));
  store.clock.wall = begun + kSessionMillis;
  CHECK(!store.Identify(cookie));

  const std::string next = SignedIn::Cookie(store.Enter("ann", kPassword));
  store.clock.wall += kSessionIdleMillis;
  CHECK(!store.Identify(next));
}

TEST_CASE("of one user at most twenty sessions are open: the oldest ends") {
  SignedIn store;
  std::vector<AccessChange::NewSession> sessions;
  for (int i = 0; i <= kMaxSessions; ++i) {
    REQUIRE(store.ledger->Commit({"user:ann", "", ""}, [&](Change& change) {
      return AccessChange(change).BeginSession("ann").map(
          [&](AccessChange::NewSession session) { sessions.push_back(std::move(session)); });
    }));
  }
  const std::string name = std::string(kSessionCookie) + '=';
  CHECK(!store.Identify(name + sessions[0].secret));
  CHECK(store.Identify(name + sessions[1].secret));
  CHECK(store.Identify(name + sessions.back().secret));
}

TEST_CASE("guessing passwords is slowed down") {
  SignedIn store;
  int refused = 0;
  for (int i = 0; i < kSignInBurst; ++i) {
    refused += store.Enter("user-" + std::to_string(i), "x").status == 401 ? 1 : 0;
  }
  CHECK(refused == kSignInBurst);
  const auto later = store.Enter("ann", "x");
  CHECK(later.status == 429);
  CHECK(later.headers.back().first == "Retry-After");
}

TEST_CASE("nobody can keep a user from signing in, or from setting another password") {
  SignedIn store;
  const std::string cookie = SignedIn::Cookie(store.Accept(store.invitation));
  store.caller = "203.0.113.9";
  for (int i = 0; i < kSignInBurst; ++i) CHECK(store.Enter("ann", "guess").status == 401);
  CHECK(store.Enter("ann", "guess").status == 429);
  store.caller = "192.0.2.1";
  CHECK(store.Enter("ann", kPassword).status == 200);
  const auto changed =
      store.Ask("PUT", "/api/v1/session/password",
                R"({"current":")" + std::string(kPassword) + R"(","next":"another good one"})",
                {{"X-Requested-With", "x"}, {"Cookie", cookie}});
  CHECK(changed.status == 200);
}

TEST_CASE("guesses with one name from many networks are slowed down as well") {
  SignedIn store;
  store.password_thread.Stop();  // an attempt counts before it is compared, which takes its time
  for (std::int64_t i = 0; i < kNameBurst; ++i) {
    store.caller = "203.0.113." + std::to_string(i / kSignInBurst);
    CHECK(store.Enter("ann", "guess").status == 503);
  }
  store.caller = "192.0.2.1";
  CHECK(store.Enter("ann", kPassword).status == 429);
  CHECK(store.Enter("bob", kPassword).status == 503);
}

TEST_CASE("who has many IPv6 addresses has no more attempts than who has one") {
  SignedIn store;
  for (int i = 0; i < kSignInBurst; ++i) {
    store.caller = "2001:db8:0:1:" + std::to_string(i) + "::1";
    CHECK(store.Enter("user-" + std::to_string(i), "x").status == 401);
  }
  store.caller = "2001:db8:0:1:ffff::1";
  CHECK(store.Enter("ann", "x").status == 429);
  store.caller = "2001:db8:0:2::1";
  CHECK(store.Enter("ann", "x").status == 401);
  CHECK(NetworkOf("::ffff:192.0.2.1") == NetworkOf("192.0.2.1"));
  CHECK(NetworkOf("192.0.2.1") != NetworkOf("192.0.2.2"));
}

TEST_CASE("who has used up the permits gets no new ones when there are very many others") {
  RateLimiter limiter(2, 1000);
  CHECK(!limiter.Take("guesser", 0));
  CHECK(!limiter.Take("guesser", 0));
  for (std::size_t i = 0; i < 2 * kMaxLimitedCallers; ++i) {
    REQUIRE(!limiter.Take(std::to_string(i), 0));
  }
  CHECK(limiter.Take("guesser", 0) == 1000);
  CHECK(!limiter.Take("guesser", 1000));
}

TEST_CASE("a name that nobody can have is refused before it is remembered") {
  SignedIn store;
  for (int i = 0; i <= kSignInBurst; ++i) {
    CHECK(store.Enter(std::string(101, 'a'), "x").status == 422);
  }
  CHECK(store.Enter("ann", "x").status == 401);
}

TEST_CASE("a password that was changed while it was compared begins no session") {
  SignedIn store;
  REQUIRE(store.Accept(store.invitation).status == 200);
  std::promise<void> go;
  REQUIRE(store.password_thread.Post([&] { go.get_future().wait(); }));
  store.meanwhile = [&] {
    std::promise<void> changed;
    REQUIRE(store.database_thread.Post([&] {
      CHECK(store.ledger->Commit({"cli:0", "", ""}, [](Change& change) {
        return AccessChange(change).SetPassword("ann", "another");
      }));
      changed.set_value();
    }));
    changed.get_future().wait();
    go.set_value();
  };
  CHECK(store.Enter("ann", kPassword).status == 401);
  CHECK(store.CountRows("SELECT count(*) FROM sessions") == 0);
}

TEST_CASE("no page of another site signs in or out") {
  SignedIn store;
  const std::string body = R"({"user":"ann","password":"x"})";
  const Headers refused[] = {
      {},
      {{"X-Requested-With", "x"}, {"Host", "a.example"}, {"Origin", "https://b.example"}},
      {{"X-Requested-With", "x"}, {"Host", "a.example"}, {"Origin", "null"}},
      {{"X-Requested-With", "x"}, {"Sec-Fetch-Site", "cross-site"}},
      {{"X-Requested-With", "x"}, {"Sec-Fetch-Site", "same-site"}},
  };
  for (const Headers& headers : refused) {
    CHECK(store.Ask("POST", "/api/v1/session", body, headers).status == 403);
    CHECK(store.Ask("DELETE", "/api/v1/session", "", headers).status == 403);
  }
  const Headers own{{"X-Requested-With", "x"},
                    {"Host", "a.example:8017"},
                    {"Origin", "https://a.example:8017"},
                    {"Sec-Fetch-Site", "same-origin"}};
  CHECK(store.Ask("POST", "/api/v1/session", body, own).status == 401);
  CHECK(store
            .Ask("POST", "/api/v1/session", body,
                 {{"X-Requested-With", "x"}, {"Content-Type", "text/plain"}})
            .status == 415);
}

TEST_CASE("roles are what they were set to, from the next request on, and one admin stays") {
  SignedIn store;
  const std::string cookie = SignedIn::Cookie(store.Accept(store.invitation));
  store.Expect(409, "PUT", "/api/v1/users/ann", R"({"role":"viewer"})");
  store.Expect(409, "DELETE", "/api/v1/users/ann");
  store.Expect(409, "POST", "/api/v1/users", R"({"name":"ann","role":"viewer"})");
  store.Expect(422, "POST", "/api/v1/users", R"({"name":"a b","role":"viewer"})");
  store.Expect(422, "POST", "/api/v1/users", R"({"name":"bob","role":"king"})");
  store.Expect(422, "POST", "/api/v1/users", R"({"name":"bob","environments":{"mars":"viewer"}})");
  store.Expect(201, "POST", "/api/v1/users", R"({"name":"bob","role":"admin"})");
  const auto changed = store.Expect(200, "PUT", "/api/v1/users/ann",
                                    R"({"role":"editor","environments":{"prod":"viewer"}})");
  CHECK(Text(*changed.Find("environments"), "prod") == "viewer");
  const auto grant = store.Identify(cookie);
  REQUIRE(grant);
  CHECK(grant->roles.In("prod") == Role::kViewer);
  CHECK(grant->roles.In("test") == Role::kEditor);
  CHECK(grant->roles.Least() == Role::kViewer);
  store.Expect(204, "DELETE", "/api/v1/users/ann");
  CHECK(!store.Identify(cookie));
}

TEST_CASE("neither passwords nor sessions nor invitations can be read from the database or log") {
  SignedIn store;
  const auto entered = store.Accept(store.invitation);
  const std::string cookie = SignedIn::Cookie(entered);
  const std::string secret = cookie.substr(cookie.find('=') + 1);
  std::string all;
  for (const char* sql :
       {"SELECT password FROM users", "SELECT hash FROM sessions", "SELECT hash FROM invitations",
        "SELECT coalesce(before, '') FROM audit", "SELECT coalesce(after, '') FROM audit"}) {
    REQUIRE(store.database.Each(sql, [&](const Row& row) { all += row.Text(0); }));
  }
  CHECK(all.find("$argon2id$") != std::string::npos);
  for (const std::string& hidden : {secret, store.invitation, std::string(kPassword)}) {
    CHECK(all.find(hidden) == std::string::npos);
  }
}

TEST_CASE("the caller behind trusted proxies is the last one that is none of them") {
  const auto caller = [](const std::string& trusted, const std::string& remote,
                         const std::string& chain) {
    net::HttpRequest request;
    request.remote = remote;
    request.headers.emplace_back("X-Forwarded-For", chain);
    return TrustedProxies::Parse(trusted)->CallerOf(request);
  };
  CHECK(caller("", "192.0.2.1", "198.51.100.9") == "192.0.2.1");
  CHECK(caller("10.0.0.0/8", "192.0.2.1", "198.51.100.9") == "192.0.2.1");
  CHECK(caller("10.0.0.0/8", "10.1.2.3", "198.51.100.9") == "198.51.100.9");
  CHECK(caller("10.0.0.0/8, ::1", "::1", "6.6.6.6, 198.51.100.9, 10.9.9.9") == "198.51.100.9");
  CHECK(caller("10.0.0.0/9", "10.200.0.1", "198.51.100.9") == "10.200.0.1");
  CHECK(caller("10.0.0.0/8", "10.1.2.3", "rubbish") == "10.1.2.3");
  CHECK(caller("2001:db8::/32", "2001:db8::7", "198.51.100.9") == "198.51.100.9");
  for (const char* wrong : {"x", "10.0.0.0/33", "10.0.0.0/", "::1/129", "10.0.0.0/8,,"}) {
    CHECK(!TrustedProxies::Parse(wrong));
  }
}

TEST_CASE("who changes a password without knowing it slows down nobody else") {
  SignedIn store;
  const auto bob =
      Text(store.Expect(201, "POST", "/api/v1/users", R"({"name":"bob"})"), "invitation");
  const auto wrong = [&](const std::string& cookie) {
    return store
        .Ask("PUT", "/api/v1/session/password", R"({"current":"wrong","next":"another good one"})",
             {{"X-Requested-With", "x"}, {"Cookie", cookie}})
        .status;
  };
  const std::string first = SignedIn::Cookie(store.Accept(store.invitation));
  const std::string second = SignedIn::Cookie(store.Accept(bob));
  for (int i = 0; i < kSignInBurst; ++i) CHECK(wrong(first) == 403);
  CHECK(wrong(first) == 429);
  CHECK(wrong(second) == 403);
}

}  // namespace
}  // namespace pennon::store
