// Feeds bytes to HTTP/1.1 as it is on a connection, with a handler that tells what it was asked.
// Given whole or in pieces, the requests, the answers and the end are the same.
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "net/http_protocol.h"
#include "tests/fuzz/pieces.h"

namespace {

using namespace pennon;

constexpr std::string_view kInterim = "HTTP/1.1 100 Continue\r\n\r\n";
// Ends a head, which need not be refused before.
constexpr std::string_view kEnd = "\r\n\r\n";

class Echo final : public net::HttpHandler {
 public:
  bool Handle(net::HttpRequest& request, net::HttpResponse& response,
              const net::Later& late) override {
    response.body.append(request.method).append(" ").append(request.path);
    response.body.append("?").append(request.query).append("\n");
    for (const auto& [name, value] : request.headers) {
      response.body.append(name).append(": ").append(value).append("\n");
    }
    response.body.append(request.body.begin(), request.body.end());
    asked += response.body + '\n';
    request.body.data()[request.body.size()] = '#';  // allowed, and must harm nobody
    response.headers.emplace_back("X-Echo", request.Header("X-Echo"));
    response.close = request.path == "/close";
    if (request.path == "/204") response.status = 204;
    if (request.path != "/late") return true;
    answer = response;
    answer_later = late();
    return false;
  }

  std::string asked;  // everything, so far
  net::HttpResponse answer;
  net::LateResponse answer_later;
};

// A connection in memory, up to its end.
class Exchange {
 public:
  explicit Exchange(const net::HttpLimits& limits)
      : protocol_(net::MakeHttpProtocol(
            echo_, limits,
            [this](int, std::string_view) {
              refused = true;
              return std::string();
            },
            net::LateAnswer([this](const std::string& bytes, net::AfterAnswer after) {
              output += bytes;
              closed = after == net::AfterAnswer::kClose;
            }))) {}

  void Feed(std::string_view bytes) {
    if (closed) return;
    unread += bytes;
    while (!closed && Offer()) continue;
  }

  [[nodiscard]] const std::string& asked() const { return echo_.asked; }

  std::string output;
  std::string unread;
  bool refused = false;
  bool closed = false;

 private:
  // The block has the exact size of what is offered, and the one byte that may be written to.
  bool Offer() {
    const std::unique_ptr<char[]> exact(new char[unread.size() + 1]);
    std::memcpy(exact.get(), unread.data(), unread.size());
    const auto progress = protocol_->OnBytes({exact.get(), unread.size()}, output);
    if (progress.consumed > unread.size()) __builtin_trap();
    unread.erase(0, progress.consumed);
    closed = progress.close;
    if (progress.suspended) echo_.answer_later(echo_.answer);
    return progress.suspended || progress.more;
  }

  Echo echo_;
  std::unique_ptr<net::StreamProtocol> protocol_;
};

// Who sends all at once is not told to go on.
std::string WithoutInterim(std::string text) {
  for (std::size_t at = 0; (at = text.find(kInterim, at)) != std::string::npos;) {
    text.erase(at, kInterim.size());
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  net::HttpLimits limits;
  if (data[0] % 4 != 0) limits = {std::size_t{16} << data[0] % 4U, std::size_t{4} << data[0] % 8U};
  std::string text(reinterpret_cast<const char*>(data + 2), size - 2);
  text += kEnd;
  Exchange whole(limits);
  whole.Feed(text);
  Exchange parted(limits);
  test::InPieces(text, data[1], [&](std::string_view piece) { parted.Feed(piece); });
  if (whole.asked() != parted.asked() || whole.closed != parted.closed) __builtin_trap();
  // A head that is wrong in two ways may be refused for either.
  if (whole.refused != parted.refused) __builtin_trap();
  if (whole.refused) return 0;
  if (WithoutInterim(whole.output) != WithoutInterim(parted.output)) __builtin_trap();
  if (!whole.closed && whole.unread != parted.unread) __builtin_trap();
  return 0;
}
