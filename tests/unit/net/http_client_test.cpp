// Fetches against servers of our own: the HTTP protocol, and one that breaks off.
#include "net/http_client.h"

#include <atomic>
#include <map>

#include "net/http_protocol.h"
#include "tests/unit/net/header_count.h"
#include "tests/unit/net/net_fixture.h"

namespace pennon::net {
namespace {

using base::ErrorCode;

// gzip of 1000 times 'a'.
constexpr unsigned char kGzip[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
                                   0x4b, 0x4c, 0x1c, 0x05, 0xa3, 0x60, 0x14, 0x0c, 0x77, 0x00,
                                   0x00, 0x03, 0xda, 0x38, 0x9a, 0xe8, 0x03, 0x00, 0x00};

class Site final : public HttpHandler {
 public:
  bool Handle(HttpRequest& request, HttpResponse& response, const Later& late) override {
    if (request.path == "/never") {
      never.push_back(late());
      if (never.size() == 1) asked.set_value();
      return false;
    }
    ++answered;
    response.content_type = "text/plain";
    response.headers.emplace_back("X-Method", std::string(request.method));
    response.headers.emplace_back("X-Agent", std::string(request.Header("User-Agent")));
    response.headers.emplace_back("X-Type", std::to_string(CountHeader(request, "Content-Type")));
    response.headers.emplace_back("X-Got", std::string(request.Header("X-Sent")));
    response.body.assign(request.body.begin(), request.body.end());
    if (request.path == "/thousand") response.body.assign(1000, 'a');
    if (request.path == "/gzip") {
      response.headers.emplace_back("Content-Encoding", "gzip");
      response.body.assign(reinterpret_cast<const char*>(kGzip), sizeof(kGzip));
    }
    if (request.path == "/missing") response.status = 404;
    if (request.path == "/moved" || request.path == "/loop" || request.path == "/away") {
      response.status = 302;
      response.headers.emplace_back("Location", request.path == "/moved"  ? "/thousand"
                                                : request.path == "/loop" ? "/loop"
                                                                          : away);
    }
    if (request.path == "/busy") {
      response.status = 503;
      response.headers.emplace_back("Retry-After", std::string(request.query));
    }
    if (request.path == "/headers")
      response.headers.emplace_back("X-Long", std::string(70'000, 'x'));
    return true;
  }

  std::string away;  // where /away leads
  std::atomic<int> answered{0};
  std::vector<LateResponse> never;
  std::promise<void> asked;
};

struct Website {
  Website()
      : Website([this](std::size_t, const Peer&, LateAnswer late) {
          return MakeHttpProtocol(site, {16 * 1024, 4'000'000}, {}, std::move(late));
        }) {}
  explicit Website(ProtocolFactory factory) {
    const auto fd = ListenTcp("127.0.0.1", 0);
    REQUIRE(fd);
    origin = "http://127.0.0.1:" + std::to_string(pool.Serve(*fd, {}, std::move(factory)).port());
    pool.Start();
  }

  Site site;
  WorkerPool pool{1};
  std::string origin;
};

base::Result<HttpFetched> Fetch(HttpClient& client, HttpFetch fetch) {
  auto promise = std::make_shared<std::promise<base::Result<HttpFetched>>>();
  auto result = promise->get_future();
  client.Fetch(std::move(fetch), [promise](base::Result<HttpFetched> fetched) {
    promise->set_value(std::move(fetched));
  });
  return Get(result);
}

HttpFetch Of(std::string url, std::string method = "GET") {
  HttpFetch fetch;
  fetch.method = std::move(method);
  fetch.url = std::move(url);
  return fetch;
}

TEST_CASE("method, headers and body go out; status, headers and body come back") {
  Website website;
  HttpClient client("pennon-test/1");
  HttpFetch fetch = Of(website.origin + "/echo?secret=1", "PUT");
  fetch.headers = {{"X-Sent", "value"}, {"Content-Type", "text/x"}};
  fetch.body.assign(3'000'000, 'b');
  auto fetched = Fetch(client, fetch);
  REQUIRE(fetched);
  CHECK(fetched->status == 200);
  CHECK(fetched->headers.at("x-method") == "PUT");
  CHECK(fetched->headers.at("x-agent") == "pennon-test/1");
  CHECK(fetched->headers.at("x-got") == "value");
  CHECK(fetched->headers.at("x-type") == "1");
  CHECK(fetched->body == fetch.body);

  fetched = Fetch(client, Of(website.origin + "/echo", "POST"));
  REQUIRE(fetched);
  CHECK(fetched->headers.at("x-method") == "POST");
  CHECK(fetched->headers.at("x-type") == "0");
  CHECK(fetched->body.empty());

  fetched = Fetch(client, Of(website.origin + "/thousand", "HEAD"));
  REQUIRE(fetched);
  CHECK(fetched->headers.at("content-length") == "1000");
  CHECK(fetched->body.empty());
}

TEST_CASE("every status is a result") {
  Website website;
  HttpClient client("test");
  CHECK(Fetch(client, Of(website.origin + "/missing"))->status == 404);
}

TEST_CASE("a redirect is followed on the same origin, for a GET, and not for ever") {
  Website other;
  Website website;
  website.site.away = other.origin + "/thousand";
  HttpClient client("test");
  HttpFetch fetch = Of(website.origin + "/moved");
  fetch.headers = {{"X-Sent", "value"}};
  const auto moved = Fetch(client, fetch);
  REQUIRE(moved);
  CHECK(moved->status == 200);
  CHECK(moved->body == std::string(1000, 'a'));
  CHECK(moved->headers.at("x-got") == "value");
  CHECK(moved->headers.count("location") == 0);
  CHECK(Fetch(client, Of(website.origin + "/moved", "POST"))->status == 302);
  CHECK(Fetch(client, Of(website.origin + "/loop"))->status == 302);
  CHECK(Fetch(client, Of(website.origin + "/away"))->status == 302);
  CHECK(other.site.answered == 0);
}

TEST_CASE("when to ask again is told in seconds or as a date, and anything else is nothing") {
  Website website;
  HttpClient client("test");
  const auto told = [&](const std::string& text) {
    return Fetch(client, Of(website.origin + "/busy?" + text))->retry_after_millis;
  };
  CHECK(told("7") == 7'000);
  CHECK(told("0") == 0);
  CHECK(told("-5") == 0);
  CHECK(told("soon") == 0);
  CHECK(told("Thu,01-Jan-1970-00:00:00-GMT") == 0);
  CHECK(told("Fri,01-Jan-2100-00:00:00-GMT") > 1'000'000'000);
  CHECK(told("99999999999999999999") == 0);
}

TEST_CASE("a body of max_body_bytes is taken, one byte more is not, counted after decompression") {
  Website website;
  HttpClient client("test");
  for (const char* path : {"/thousand", "/gzip"}) {
    CAPTURE(path);
    HttpFetch fetch = Of(website.origin + path + "?secret=1");
    fetch.max_body_bytes = 1000;
    const auto whole = Fetch(client, fetch);
    REQUIRE(whole);
    CHECK(whole->body == std::string(1000, 'a'));
    fetch.max_body_bytes = 999;
    const auto over = Fetch(client, fetch);
    REQUIRE_FALSE(over);
    CHECK(over.error().code() == ErrorCode::kLimit);
    CHECK(over.error().Message() == website.origin + ": answers with more than 999 bytes");
  }
}

TEST_CASE("headers without end are refused") {
  Website website;
  HttpClient client("test");
  const auto fetched = Fetch(client, Of(website.origin + "/headers"));
  REQUIRE_FALSE(fetched);
  CHECK(fetched.error().code() == ErrorCode::kLimit);
}

TEST_CASE("an answer that is cut off is an error, whatever announced its end") {
  for (const std::string answer : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
                                   "HTTP/1.1 200 OK\r\nContent-Le", ""}) {
    CAPTURE(answer);
    Website website([answer](std::size_t, const Peer&, LateAnswer) {
      return std::make_unique<LineProtocol>(
          [answer](std::string_view, std::string& output, StreamProtocol::Progress& progress) {
            output = answer;
            progress.close = true;
          });
    });
    HttpClient client("test");
    const auto fetched = Fetch(client, Of(website.origin + "/path?secret=1"));
    REQUIRE_FALSE(fetched);
    CHECK(fetched.error().code() == ErrorCode::kUnavailable);
    CHECK(fetched.error().where() == website.origin);
    CHECK(fetched.error().Message().find("secret") == std::string::npos);
  }
}

TEST_CASE("a refused connection is an error that tells the origin and nothing more of the URL") {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);  // bound, but nobody listens
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const std::string authority = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));

  HttpClient client("test");
  const auto fetched = Fetch(client, Of("http://user:password@" + authority + "/p?token=secret"));
  REQUIRE_FALSE(fetched);
  CHECK(fetched.error().code() == ErrorCode::kUnavailable);
  CHECK(fetched.error().where() == "http://" + authority);
  CHECK(fetched.error().Message().find("password") == std::string::npos);
  CHECK(fetched.error().Message().find("secret") == std::string::npos);
  ::close(fd);
}

TEST_CASE("of a URL that cannot be read nothing is told") {
  HttpClient client("test");
  for (const char* url : {"http://user:pass/word@127.0.0.1/", "http://user:pass#word@127.0.0.1/",
                          "http://127.0.0.1:pass?word", "http://[pass", "pass word"}) {
    CAPTURE(url);
    const auto fetched = Fetch(client, Of(url));
    REQUIRE_FALSE(fetched);
    CHECK(fetched.error().where() == "url");
    CHECK(fetched.error().Message().find("pass") == std::string::npos);
  }
}

TEST_CASE("other schemes are refused") {
  const test::TempDir directory;
  HttpClient client("test");
  CHECK_FALSE(Fetch(client, Of("file://" + directory.Write("f", "text"))));
  CHECK_FALSE(Fetch(client, Of("ftp://127.0.0.1/")));
  CHECK_FALSE(Fetch(client, Of("not a url")));
}

TEST_CASE("a header value that would begin another header is refused, and not told") {
  Website website;
  HttpClient client("test");
  HttpFetch fetch = Of(website.origin + "/echo");
  fetch.headers = {{"Authorization", "secret\r\nX-Sent: injected"}};
  const auto fetched = Fetch(client, fetch);
  REQUIRE_FALSE(fetched);
  CHECK(fetched.error().code() == ErrorCode::kInvalid);
  CHECK(fetched.error().Message().find("secret") == std::string::npos);
}

TEST_CASE("the total deadline ends a fetch that gets no answer") {
  Website website;
  HttpClient client("test");
  HttpFetch fetch = Of(website.origin + "/never");
  fetch.total_deadline_millis = 20;
  const auto fetched = Fetch(client, fetch);
  REQUIRE_FALSE(fetched);
  CHECK(fetched.error().code() == ErrorCode::kUnavailable);
}

TEST_CASE("fetches run side by side, and one may start another from its end") {
  Website website;
  HttpClient client("test");
  client.Fetch(Of(website.origin + "/never"), [](const auto&) {});
  std::promise<int> second;
  auto status = second.get_future();
  client.Fetch(Of(website.origin + "/missing"), [&](const auto&) {
    client.Fetch(Of(website.origin + "/thousand"),
                 [&](const auto& fetched) { second.set_value(fetched->status); });
  });
  CHECK(Get(status) == 200);
}

TEST_CASE("destroying the client cancels what runs and calls nobody") {
  Website website;
  auto asked = website.site.asked.get_future();
  std::atomic<int> calls{0};
  {
    HttpClient client("test");
    client.Fetch(Of(website.origin + "/never"), [&](const auto&) { ++calls; });
    Get(asked);
    client.Fetch(Of(website.origin + "/never"), [&](const auto&) { ++calls; });
  }
  CHECK(calls == 0);
}

TEST_CASE("a body can be taken in pieces, and ended") {
  Website website;
  HttpClient client("pennon-test/1");
  HttpFetch fetch = Of(website.origin + "/thousand");
  std::string taken;
  fetch.on_body = [&](const HttpFetched& head, std::string_view piece) {
    CHECK(head.status == 200);
    CHECK(head.headers.at("content-type") == "text/plain");
    taken += piece;
    return true;
  };
  auto fetched = Fetch(client, fetch);
  REQUIRE(fetched);
  CHECK(fetched->body.empty());
  CHECK(taken.size() == 1000);
  fetch.on_body = [](const HttpFetched&, std::string_view) { return false; };
  fetched = Fetch(client, fetch);
  REQUIRE_FALSE(fetched);
  CHECK(fetched.error().code() == ErrorCode::kInvalid);
}

TEST_CASE("a cancelled fetch does not end, others do") {
  Website website;
  HttpClient client("pennon-test/1");
  auto asked = website.site.asked.get_future();
  std::atomic<bool> is_done = false;
  const std::uint64_t id = client.Fetch(Of(website.origin + "/never"),
                                        [&](base::Result<HttpFetched>) { is_done = true; });
  Get(asked);
  client.Cancel(id);
  CHECK(Fetch(client, Of(website.origin + "/thousand")));
  website.site.never.clear();
  CHECK(Fetch(client, Of(website.origin + "/thousand")));
  CHECK_FALSE(is_done);
}

}  // namespace
}  // namespace pennon::net
