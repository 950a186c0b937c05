// Requests out of a growing buffer: framing, limits, refusals.
#include "net/http_parser.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "tests/unit/net/header_count.h"

namespace pennon::net {
namespace {

using State = HttpParser::State;

// Offers the message as a connection would while it grows by `step` bytes, moving it each time.
struct Offered {
  explicit Offered(const std::string& message, std::size_t step = std::string::npos,
                   const HttpLimits& limits = {})
      : parser(limits) {
    for (std::size_t size = 0; size < message.size() && state == State::kNeedMore;) {
      size += std::min(step, message.size() - size);
      buffer.assign(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
      buffer.push_back('\0');
      buffer.shrink_to_fit();
      state = parser.Parse({buffer.data(), size});
    }
  }
  [[nodiscard]] std::string Body() {
    return {parser.request().body.begin(), parser.request().body.end()};
  }

  HttpParser parser;
  std::vector<char> buffer;
  State state = State::kNeedMore;
};

TEST_CASE("a request is taken apart, in one piece and byte by byte") {
  const std::string message =
      "POST /a%20b/c?x=1&y=? HTTP/1.1\r\nHost: h\r\nX-Two:  two words \t\r\nX-Empty:\r\n"
      "Content-Length: 5\r\n\r\nhello";
  for (const std::size_t step : {message.size(), std::size_t{1}, std::size_t{7}}) {
    CAPTURE(step);
    Offered offered(message, step);
    REQUIRE(offered.state == State::kComplete);
    const HttpRequest& request = offered.parser.request();
    CHECK(request.method == "POST");
    CHECK(request.path == "/a%20b/c");
    CHECK(request.query == "x=1&y=?");
    CHECK(request.Header("x-two") == "two words");
    CHECK(CountHeader(request, "x-empty") == 1);
    CHECK(offered.Body() == "hello");
    CHECK(offered.parser.size() == message.size());
    CHECK(offered.parser.keep_alive());
    CHECK_FALSE(offered.parser.is_http_1_0());
  }
}

TEST_CASE("a chunked body is put together; extensions and trailers do not count as headers") {
  const std::string message =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "5;name=value\r\nhello\r\n1;name=\"a \\\"word\\\";\"\r\n "
      "\r\n0005\r\nworld\r\n0\r\nAuthorization: x\r\n\r\n";
  for (const std::size_t step : {message.size(), std::size_t{1}, std::size_t{5}}) {
    CAPTURE(step);
    Offered offered(message, step);
    REQUIRE(offered.state == State::kComplete);
    CHECK(offered.Body() == "hello world");
    CHECK(CountHeader(offered.parser.request(), "Authorization") == 0);
    CHECK(offered.parser.size() == message.size());
  }
}

TEST_CASE("an empty chunked body may come in any pieces, with and without trailers") {
  for (const std::string end : {"0\r\n\r\n", "00;a=b\r\n\r\n", "0\r\nT: x\r\n\r\n"}) {
    const std::string message = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + end;
    for (std::size_t step = 1; step <= message.size(); ++step) {
      CAPTURE(step);
      Offered offered(message, step);
      REQUIRE(offered.state == State::kComplete);
      CHECK(offered.Body().empty());
      CHECK(offered.parser.size() == message.size());
    }
  }
}

TEST_CASE("the byte after an empty body is not one of the header's") {
  Offered offered("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(offered.state == State::kComplete);
  *(offered.parser.request().body.data()) = '\0';
  CHECK(offered.parser.request().method == "POST");
}

TEST_CASE("a message ends where the next begins") {
  const std::string first = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n";
  Offered offered(first + "GET /2 HTTP/1.1\r\n");
  REQUIRE(offered.state == State::kComplete);
  CHECK(offered.parser.size() == first.size());
  offered.parser.Reset();
  std::string second = "GET /2 HTTP/1.0\r\n\r\n";
  REQUIRE(offered.parser.Parse({second.data(), second.size()}) == State::kComplete);
  CHECK(offered.parser.request().path == "/2");
  CHECK(offered.parser.request().headers.empty());
  CHECK(offered.parser.is_http_1_0());
}

TEST_CASE("what could be understood in two ways is refused") {
  struct Row {
    const char* what;
    std::string message;
    int status;
  };
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::string chunks = "5\r\nhello\r\n0\r\n\r\n";
  const Row rows[] = {
      {"length, then chunks",
       post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, 400},
      {"chunks, then length",
       post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + chunks, 400},
      {"two lengths", post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
      {"one length twice", post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"a list of lengths", post + "Content-Length: 5, 5\r\n\r\nhello", 400},
      {"a signed length", post + "Content-Length: +5\r\n\r\nhello", 400},
      {"a negative length", post + "Content-Length: -1\r\n\r\n", 400},
      {"an empty length", post + "Content-Length:\r\n\r\n", 400},
      {"a huge length", post + "Content-Length: 18446744073709551616\r\n\r\n", 400},
      {"a folded value", post + "X-Fold: a\r\n b\r\n\r\n", 400},
      {"a value folded from its start", post + "X-Fold:\r\n b\r\n\r\n", 400},
      {"an empty folded value", post + "X-Fold: \r\n \r\n\r\n", 400},
      {"a space before the colon", post + "X-Space : a\r\n\r\n", 400},
      {"a header without a colon", post + "X-Nothing\r\n\r\n", 400},
      {"a header without a name", post + ": a\r\n\r\n", 400},
      {"a NUL in a value", post + std::string("X-Nul: a\0b\r\n\r\n", 14), 400},
      {"an unknown coding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks, 501},
      {"a coding after chunked", post + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunks,
       501},
      {"chunked twice",
       post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, 400},
      {"chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, 400},
      {"a chunk size that is none", post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"a chunk longer than it says", post + "Transfer-Encoding: chunked\r\n\r\n1\r\nhello\r\n",
       400},
      {"a chunk that a bare line feed ends",
       post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n", 400},
      {"a chunk extension with a bare line feed",
       post + "Transfer-Encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n0\r\n\r\n", 400},
      {"a quoted value that does not end on its chunk's line",
       post + "Transfer-Encoding: chunked\r\n\r\n5;a=\"b\r\nhello\r\n0\r\n\r\n", 400},
      {"one of the last chunk", post + "Transfer-Encoding: chunked\r\n\r\n0;a=\"b\\\"\r\n\r\n",
       400},
      {"a first line that a bare line feed ends", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
      {"a header that a bare line feed ends", post + "X-A: a\nX-B: b\r\n\r\n", 400},
      {"a bare carriage return in a value", post + "X-A: a\rX-B: b\r\n\r\n", 400},
      {"no version", "GET /\r\n\r\n", 400},
      {"another version", "GET / HTTP/2.0\r\n\r\n", 400},
      {"a blank line before", "\r\nGET / HTTP/1.1\r\n\r\n", 400},
      {"bytes that are no request", "\xf5\x01\x02\x03 hello\r\n\r\n", 400},
  };
  for (const Row& row : rows) {
    for (const std::size_t step : {row.message.size(), std::size_t{1}}) {
      CAPTURE(row.what);
      CAPTURE(step);
      Offered offered(row.message, step);
      REQUIRE(offered.state == State::kFailed);
      CHECK(offered.parser.error_status() == row.status);
      CHECK_FALSE(offered.parser.error().empty());
    }
  }
}

TEST_CASE("a header of max_header_bytes is taken, one byte more is 431, however it arrives") {
  constexpr std::size_t kLimit = 300;
  const HttpLimits limits{kLimit, 10};
  const auto of_size = [](std::size_t size) {
    std::string message = "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nPad: ";
    message.append(size - message.size() - 4, 'x');
    return message + "\r\n\r\n";
  };
  const std::string many = "GET / HTTP/1.1\r\n" + std::string("A: b\r\n");
  for (const std::size_t step : {std::size_t{10'000}, std::size_t{1}, std::size_t{13}}) {
    CAPTURE(step);
    CHECK(Offered(of_size(kLimit), step, limits).state == State::kComplete);
    Offered over(of_size(kLimit + 1), step, limits);
    REQUIRE(over.state == State::kFailed);
    CHECK(over.parser.error_status() == 431);

    // Of many small headers each is small, and together they are not.
    std::string small = "GET / HTTP/1.1\r\n";
    while (small.size() <= kLimit) small += "A: b\r\n";
    Offered without_end(small, step, limits);
    REQUIRE(without_end.state == State::kFailed);
    CHECK(without_end.parser.error_status() == 431);
  }
}

TEST_CASE("a body of max_body_bytes is taken, one byte more is 413, announced or in chunks") {
  const HttpLimits limits{1000, 10};
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  for (const std::size_t step : {std::size_t{10'000}, std::size_t{1}}) {
    CAPTURE(step);
    CHECK(Offered(post + "Content-Length: 10\r\n\r\n0123456789", step, limits).state ==
          State::kComplete);
    CHECK(Offered(chunked + "9\r\n012345678\r\n1\r\n9\r\n0\r\n\r\n", step, limits).state ==
          State::kComplete);
    Offered announced(post + "Content-Length: 11\r\n\r\n", step, limits);
    REQUIRE(announced.state == State::kFailed);
    CHECK(announced.parser.error_status() == 413);
    Offered chunks(chunked + "9\r\n012345678\r\n2\r\n9a\r\n0\r\n\r\n", step, limits);
    REQUIRE(chunks.state == State::kFailed);
    CHECK(chunks.parser.error_status() == 413);
  }
}

TEST_CASE("chunk extensions and trailers without end are refused") {
  const HttpLimits limits{200, 100};
  const std::string head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string start : {"1;e=", "0\r\nTrailer: "}) {
    Offered offered(head + start + std::string(301, 'x'), 10, limits);
    REQUIRE(offered.state == State::kFailed);
    CHECK(offered.parser.error_status() == 413);
  }
}

TEST_CASE("chunk framing of the limit is taken, one byte more is 413, however it arrives") {
  const HttpLimits limits{200, 100};
  const auto with = [&](std::size_t framing) {
    const std::string around =
        "3;\r\n\r\n0\r\n\r\n";  // of a chunk and the last one, without the body
    return "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;" +
           std::string(framing - around.size(), 'x') + "\r\nabc\r\n0\r\n\r\n";
  };
  for (const std::size_t step :
       {std::string::npos, std::size_t{1}, std::size_t{4}, std::size_t{7}}) {
    CAPTURE(step);
    CHECK(Offered(with(300), step, limits).state == State::kComplete);
    Offered offered(with(301), step, limits);
    REQUIRE(offered.state == State::kFailed);
    CHECK(offered.parser.error_status() == 413);
  }
}

TEST_CASE("keep-alive follows the version and the Connection header") {
  const auto keeps = [](const std::string& version, const std::string& connection) {
    Offered offered("GET / HTTP/" + version + "\r\n" +
                    (connection.empty() ? "" : "Connection: " + connection + "\r\n") + "\r\n");
    REQUIRE(offered.state == State::kComplete);
    return offered.parser.keep_alive();
  };
  CHECK(keeps("1.1", ""));
  CHECK_FALSE(keeps("1.1", "close"));
  CHECK_FALSE(keeps("1.1", "Upgrade, CLOSE"));
  CHECK_FALSE(keeps("1.0", ""));
  CHECK(keeps("1.0", "Keep-Alive"));
}

TEST_CASE("100-continue is asked for once, by HTTP/1.1 only") {
  const std::string rest = "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
  Offered waits("POST / HTTP/1.1\r\n" + rest);
  REQUIRE(waits.state == State::kNeedMore);
  CHECK(waits.parser.TakeExpectContinue());
  CHECK_FALSE(waits.parser.TakeExpectContinue());
  Offered old("POST / HTTP/1.0\r\n" + rest);
  CHECK_FALSE(old.parser.TakeExpectContinue());
  Offered unfinished("POST / HTTP/1.1\r\nExpect: 100-continue\r\n");
  CHECK_FALSE(unfinished.parser.TakeExpectContinue());
}

TEST_CASE("no mangled request is too much for the parser, in whatever pieces it comes") {
  const std::string seeds[] = {
      "POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nT: "
      "x\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "GET / HTTP/1.0\r\nConnection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n\r\n",
  };
  const std::string alphabet = "\r\n :;0159af,\t\"HTX/.=\\" + std::string(1, '\0') + '\xff';
  std::mt19937 random(2024);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  int completed = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string message = seeds[below(std::size(seeds))];
    for (std::size_t edits = 1 + below(4); edits > 0; --edits) {
      const std::size_t at = below(message.size());
      switch (below(3)) {
        case 0:
          message[at] = alphabet[below(alphabet.size())];
          break;
        case 1:
          message.insert(at, 1, alphabet[below(alphabet.size())]);
          break;
        default:
          message.erase(at, 1 + below(3));
          break;
      }
      if (message.empty()) message = "G";
    }
    // A refusal may wait for the rest of the header; what is taken must not depend on the pieces.
    const bool whole = Offered(message).state == State::kComplete;
    const bool bytes = Offered(message, 1).state == State::kComplete;
    const bool pieces = Offered(message, 1 + below(20)).state == State::kComplete;
    CAPTURE(message);
    CHECK(whole == bytes);
    CHECK(whole == pieces);
    completed += whole ? 1 : 0;
  }
  CHECK(completed > 1000);
}

}  // namespace
}  // namespace pennon::net
