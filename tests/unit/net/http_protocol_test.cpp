// HTTP/1.1 without a socket: what goes in, what comes out.
#include "net/http_protocol.h"

#include <doctest/doctest.h>

#include <vector>

namespace pennon::net {
namespace {

// Answers with what it was asked; the path says how.
class Mirror final : public HttpHandler {
 public:
  bool Handle(HttpRequest& request, HttpResponse& response, const Later& late) override {
    ++requests;
    const std::string body(request.body.begin(), request.body.end());
    request.body.data()[request.body.size()] = '#';  // allowed, and must harm nobody
    response.content_type = "text/plain";
    response.body = std::string(request.method) + ' ' + body;
    if (request.path == "/late") {
      answer = late();
      return false;
    }
    if (request.path == "/204") response.status = 204;
    if (request.path == "/304") response.status = 304;
    if (request.path == "/close") response.close = true;
    if (request.path == "/big") response.body.assign(100'000, 'x');
    if (request.path == "/headers") {
      response.headers = {{"X-Good", "fine"}, {"X-Bad", "a\r\nX-Injected: b"}, {"X-Feed", "a\nb"}};
    }
    return true;
  }

  int requests = 0;
  LateResponse answer;
};

// A connection in memory.
class Exchange {
 public:
  explicit Exchange(const HttpLimits& limits = {})
      : protocol_(MakeHttpProtocol(
            handler, limits,
            [](int status, std::string_view) { return "refused: " + std::to_string(status); },
            LateAnswer([this](std::string bytes, AfterAnswer after) {
              output += bytes;
              closed = after == AfterAnswer::kClose;
              if (after == AfterAnswer::kMore) return;
              suspended = false;
              Offer();
            }))) {}

  Exchange& Feed(std::string_view bytes) {
    input_ += bytes;
    Offer();
    return *this;
  }
  Exchange& FeedByteByByte(std::string_view bytes) {
    for (const char byte : bytes) Feed({&byte, 1});
    return *this;
  }
  [[nodiscard]] std::size_t unread() const { return input_.size(); }

  Mirror handler;
  std::string output;
  bool closed = false;
  bool suspended = false;
  int rounds = 0;

 private:
  void Offer() {
    bool more = true;
    while (more && !closed && !suspended && !input_.empty()) {
      std::string output_of_round;
      const auto progress = protocol_->OnBytes({input_.data(), input_.size()}, output_of_round);
      output += output_of_round;
      input_.erase(0, progress.consumed);
      closed = progress.close;
      suspended = progress.suspended;
      more = progress.more;
      ++rounds;
    }
  }

  std::string input_;
  std::unique_ptr<StreamProtocol> protocol_;
};

std::string Ok(const std::string& body, const std::string& more = "") {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + more + "\r\n" + body;
}

TEST_CASE("requests are answered the same in one piece and byte by byte") {
  struct Row {
    const char* what;
    std::string request;
    std::string answer;
    bool closes;
  };
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const Row rows[] = {
      {"one", get, Ok("GET "), false},
      {"pipelined", get + post + "Content-Length: 2\r\n\r\nab" + get,
       Ok("GET ") + Ok("POST ab") + Ok("GET "), false},
      {"chunked, then another",
       post + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n" + get,
       Ok("POST abc") + Ok("GET "), false},
      {"asked to close, and what follows is not answered",
       "GET / HTTP/1.1\r\nConnection: close\r\n\r\n" + get, Ok("GET ", "Connection: close\r\n"),
       true},
      {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", Ok("GET ", "Connection: close\r\n"), true},
      {"HTTP/1.0 that keeps the connection", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
       Ok("GET ", "Connection: keep-alive\r\n"), false},
      {"the handler closes", "GET /close HTTP/1.1\r\n\r\n" + get,
       Ok("GET ", "Connection: close\r\n"), true},
      {"HEAD", "HEAD / HTTP/1.1\r\n\r\n" + get,
       "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n" + Ok("GET "),
       false},
      {"204", "GET /204 HTTP/1.1\r\n\r\n" + get, "HTTP/1.1 204 No Content\r\n\r\n" + Ok("GET "),
       false},
      {"304", "GET /304 HTTP/1.1\r\n\r\n" + get, "HTTP/1.1 304 Not Modified\r\n\r\n" + Ok("GET "),
       false},
      {"an upgrade that we do not take",
       "GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
       "HTTP2-Settings: AAMAAABkAAQ\r\n\r\n",
       Ok("GET "), false},
      {"headers that would inject others are left out", "GET /headers HTTP/1.1\r\n\r\n",
       "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Good: fine\r\nContent-Length: 4\r\n\r\n"
       "GET ",
       false},
      {"no request", "GET / HTTP/1.1\r\nbad header\r\n\r\n" + get,
       "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 12\r\n"
       "Connection: close\r\n\r\nrefused: 400",
       true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Exchange whole;
    whole.Feed(row.request);
    CHECK(whole.output == row.answer);
    CHECK(whole.closed == row.closes);
    Exchange bytes;
    bytes.FeedByteByByte(row.request);
    CHECK(bytes.output == row.answer);
    CHECK(bytes.closed == row.closes);
  }
}

TEST_CASE("the blank line that some clients send after a body may come in two pieces") {
  Exchange exchange;
  exchange.Feed("POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\nb\r");
  CHECK(exchange.output == Ok("POST b"));
  CHECK_FALSE(exchange.closed);
  exchange.Feed("\nGET /c HTTP/1.1\r\n\r\n");
  CHECK(exchange.output == Ok("POST b") + Ok("GET "));
  CHECK(exchange.unread() == 0);
}

TEST_CASE("a blank line behind a request begins none, and a second one is refused") {
  const std::string request = "GET / HTTP/1.1\r\n\r\n";
  Exchange exchange;
  exchange.Feed(request + "\r\n");
  CHECK(exchange.unread() == 0);
  exchange.Feed(request + "\r\n" + request);
  CHECK(exchange.output == Ok("GET ") + Ok("GET ") + Ok("GET "));
  CHECK_FALSE(exchange.closed);
  Exchange whole;
  whole.Feed(request + "\r\n\r\n" + request);
  CHECK(whole.closed);
  CHECK(whole.handler.requests == 1);
  Exchange parted;
  parted.FeedByteByByte(request + "\r\n\r\n" + request);
  CHECK(parted.closed);
  CHECK(parted.handler.requests == 1);
}

TEST_CASE("refusals by size have their status and close") {
  const HttpLimits limits{100, 4};
  const auto status_of = [&](const std::string& request) {
    Exchange exchange(limits);
    exchange.Feed(request);
    CHECK(exchange.closed);
    CHECK(exchange.handler.requests == 0);
    return exchange.output.substr(9, 3);
  };
  CHECK(status_of("GET /" + std::string(100, 'x') + " HTTP/1.1\r\n\r\n") == "431");
  CHECK(status_of("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n") == "413");
  CHECK(status_of("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n") == "501");
}

TEST_CASE("100 Continue is sent once, and not when the body is there or too large") {
  const std::string head = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  Exchange waiting;
  CHECK(waiting.Feed(head).output == interim);
  CHECK(waiting.Feed("ab").Feed("cd").output == interim + Ok("POST abcd"));
  Exchange at_once;
  CHECK(at_once.Feed(head + "abcd").output == Ok("POST abcd"));
  Exchange too_large({1000, 3});
  too_large.Feed(head);
  CHECK(too_large.output.starts_with("HTTP/1.1 413 "));
}

TEST_CASE("a late answer comes before those to the requests behind it, one at a time") {
  Exchange exchange;
  const std::string late = "GET /late HTTP/1.1\r\n\r\n";
  exchange.Feed(late + late + "GET / HTTP/1.1\r\n\r\n");
  CHECK(exchange.suspended);
  CHECK(exchange.handler.requests == 1);
  HttpResponse response;
  response.content_type = "text/plain";
  response.body = "one";
  const LateResponse first = exchange.handler.answer;
  first(response);
  CHECK(exchange.handler.requests == 2);
  response.body = "two";
  const LateResponse second = exchange.handler.answer;
  second(response);
  CHECK(exchange.output == Ok("one") + Ok("two") + Ok("GET "));
  CHECK(exchange.unread() == 0);
}

TEST_CASE("a late answer keeps to HEAD and to Connection: close") {
  Exchange exchange;
  exchange.Feed("HEAD /late HTTP/1.1\r\nConnection: close\r\n\r\n");
  HttpResponse response;
  response.content_type = "text/plain";
  response.body = "four";
  const LateResponse answer = exchange.handler.answer;
  answer(response);
  CHECK(exchange.closed);
  CHECK(exchange.output ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"
        "Connection: close\r\n\r\n");
}

TEST_CASE(
    "of a long answer nothing is kept, of the memory of a short one what the next connection "
    "uses") {
  std::vector<std::size_t> rooms;
  class Long final : public HttpHandler {
   public:
    explicit Long(std::vector<std::size_t>& rooms) : rooms_(rooms) {}
    bool Handle(HttpRequest& request, HttpResponse& response, const Later&) override {
      rooms_.push_back(response.body.capacity());
      response.body.assign(request.path == "/long" ? std::size_t{1} << 20U : 2'000, 'x');
      return true;
    }

   private:
    std::vector<std::size_t>& rooms_;
  } handler(rooms);
  const auto ask = [&](StreamProtocol& protocol, std::string request) {
    std::string output;
    protocol.OnBytes({request.data(), request.size()}, output);
  };
  const auto make = [&] {
    return MakeHttpProtocol(handler, {}, [](int, std::string_view) { return ""; }, {});
  };
  const auto first = make();
  const auto second = make();
  ask(*first, "GET /long HTTP/1.1\r\n\r\n");
  ask(*first, "GET /short HTTP/1.1\r\n\r\n");
  ask(*second, "GET /short HTTP/1.1\r\n\r\n");
  ask(*first, "GET /short HTTP/1.1\r\n\r\n");
  CHECK(rooms[1] < 100);
  CHECK(rooms[2] >= 2'000);  // the first connection's
  CHECK(rooms[2] == rooms[3]);
}

TEST_CASE("pipelined requests for large answers are answered in rounds") {
  Exchange exchange;
  std::string requests;
  for (int i = 0; i < 30; ++i) requests += "GET /big HTTP/1.1\r\n\r\n";
  exchange.Feed(requests);
  CHECK(exchange.handler.requests == 30);
  CHECK(exchange.rounds == 10);
  CHECK(exchange.unread() == 0);
}

}  // namespace
}  // namespace pennon::net
