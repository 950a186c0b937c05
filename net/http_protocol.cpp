#include "net/http_protocol.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/http_status.h"
#include "net/http_parser.h"

namespace pennon::net {
namespace {

void AppendNumber(std::string& out, std::size_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, std::end(digits), number).ptr);
}

bool IsHeaderValue(std::string_view value) {
  return std::none_of(value.begin(), value.end(),
                      [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

struct Framing {
  bool keep_alive = true;
  bool is_head = false;
  bool is_http_1_0 = false;  // whose clients keep a connection only when told to
};

// Some clients end a body with one more line than they announce. It begins no request, whose rest
// would be waited for.
constexpr std::string_view kBlankLine = "\r\n";

constexpr std::string_view kJsonType = "application/json";

bool MayHaveBody(const HttpResponse& response) {
  return response.status != 204 && response.status != 304;
}

// The status and the headers that do not depend on the connection.
void AppendHead(std::string& out, const HttpResponse& response) {
  if (response.status == 200 && response.content_type == kJsonType) {
    out += "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";  // nearly always, in one piece
  } else {
    out += "HTTP/1.1 ";
    AppendNumber(out, static_cast<std::size_t>(response.status));
    out += ' ';
    out += base::HttpStatusText(response.status);
    out += "\r\n";
    if (MayHaveBody(response) && !response.content_type.empty()) {
      out += "Content-Type: ";
      out += response.content_type;
      out += "\r\n";
    }
  }
  for (const auto& [name, value] : response.headers) {
    if (!IsHeaderValue(value)) continue;
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  out += response.header_lines;
}

void AppendResponse(std::string& out, const HttpResponse& response, Framing framing) {
  AppendHead(out, response);
  if (MayHaveBody(response)) {
    out += "Content-Length: ";
    AppendNumber(out, response.body.size());
    out += "\r\n";
  }
  if (!framing.keep_alive) {
    out += "Connection: close\r\n";
  } else if (framing.is_http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  if (MayHaveBody(response) && !framing.is_head) out += response.body;
}

// Returns whether the connection ends with this answer.
bool Append(std::string& out, const HttpResponse& response, Framing framing) {
  framing.keep_alive = framing.keep_alive && !response.close;
  AppendResponse(out, response, framing);
  return !framing.keep_alive;
}

// The memory of a body is lent to who answers: a connection that waits keeps none.
class LentBody {
 public:
  explicit LentBody(std::string& body) : body_(body) { body_.swap(spare); }
  ~LentBody() {
    EmptyForNext(body_);
    body_.swap(spare);
  }
  LentBody(const LentBody&) = delete;
  LentBody& operator=(const LentBody&) = delete;

 private:
  static thread_local std::string spare;
  std::string& body_;
};
thread_local std::string LentBody::spare;

using OpenFlag = std::shared_ptr<std::atomic<bool>>;

class LateStream final : public HttpStream {
 public:
  LateStream(LateAnswer late, OpenFlag open) : late_(std::move(late)), open_(std::move(open)) {}
  [[nodiscard]] bool is_open() const override { return open_->load(std::memory_order_relaxed); }
  void Send(std::string bytes) override { late_.Push(std::move(bytes)); }
  void End(std::string bytes) override { late_(std::move(bytes), true); }

 private:
  LateAnswer late_;
  OpenFlag open_;
};

class LateHttp final : public Later {
 public:
  LateHttp(const LateAnswer& late, const OpenFlag& open, Framing framing)
      : late_(late), open_(open), framing_(framing) {}

  LateResponse operator()() const override {
    return [late = late_, framing = framing_](const HttpResponse& response) {
      std::string bytes;
      const bool close = Append(bytes, response, framing);
      late(std::move(bytes), close);
    };
  }
  // Where the body ends is told by the end of the connection.
  [[nodiscard]] std::shared_ptr<HttpStream> Stream(const HttpResponse& head) const override {
    std::string bytes;
    AppendHead(bytes, head);
    bytes += "Connection: close\r\n\r\n";
    late_.Push(std::move(bytes));
    return std::make_shared<LateStream>(late_, open_);
  }

 private:
  const LateAnswer& late_;
  const OpenFlag& open_;
  Framing framing_;
};

class HttpProtocol final : public StreamProtocol {
 public:
  HttpProtocol(HttpHandler& handler, const HttpLimits& limits, HttpErrorBody error_body,
               LateAnswer late, std::string remote)
      : handler_(handler),
        error_body_(std::move(error_body)),
        late_(std::move(late)),
        remote_(std::move(remote)),
        parser_(limits) {}

  ~HttpProtocol() override { open_->store(false, std::memory_order_relaxed); }
  HttpProtocol(const HttpProtocol&) = delete;
  HttpProtocol& operator=(const HttpProtocol&) = delete;

  Progress OnBytes(std::span<char> input, std::string& output) override {
    Progress progress;
    while (!progress.close && !progress.suspended && progress.consumed < input.size()) {
      if (output.size() >= kOutputRoundBytes) {
        progress.more = true;
        break;
      }
      const std::span<char> rest = input.subspan(progress.consumed);
      if (!std::exchange(is_begun_, true)) {
        const std::string_view text(rest.data(), rest.size());
        if (text == kBlankLine.substr(0, 1)) {
          is_begun_ = false;  // it may come in two pieces
          break;
        }
        if (text.starts_with(kBlankLine)) {
          progress.consumed += kBlankLine.size();
          continue;
        }
      }
      switch (parser_.Parse(rest)) {
        case HttpParser::State::kNeedMore:
          if (parser_.TakeExpectContinue()) output += "HTTP/1.1 100 Continue\r\n\r\n";
          return progress;
        case HttpParser::State::kFailed:
          Refuse(output, progress);
          break;
        case HttpParser::State::kComplete:
          Answer(output, progress);
          progress.consumed += parser_.size();
          parser_.Reset();
          is_begun_ = false;
          break;
      }
    }
    return progress;
  }

 private:
  void Answer(std::string& output, Progress& progress) {
    HttpRequest& request = parser_.request();
    request.remote = remote_;
    const Framing framing{parser_.keep_alive(), request.method == "HEAD", parser_.is_http_1_0()};
    response_.Clear();
    const LentBody lent(response_.body);
    const LateHttp late(late_, open_, framing);
    // The byte after the body, which the handler may write to, can be the next request's first.
    char* const after_body = request.body.data() + request.body.size();
    const char kept = *after_body;
    const bool is_answered = handler_.Handle(request, response_, late);
    *after_body = kept;
    if (!is_answered) {
      progress.suspended = true;
      return;
    }
    progress.close = Append(output, response_, framing);
  }

  // After a message that cannot be parsed nobody knows where the next one begins.
  void Refuse(std::string& output, Progress& progress) {
    response_.Clear();
    response_.status = parser_.error_status();
    response_.body = error_body_(response_.status, parser_.error());
    AppendResponse(output, response_, {false, false, false});
    progress.close = true;
  }

  const OpenFlag open_ = std::make_shared<std::atomic<bool>>(true);
  HttpHandler& handler_;
  HttpErrorBody error_body_;
  LateAnswer late_;
  const std::string remote_;
  HttpParser parser_;
  bool is_begun_ = false;  // of the next request, or the blank line before it, something was seen
  HttpResponse response_;
};

}  // namespace

std::unique_ptr<StreamProtocol> MakeHttpProtocol(HttpHandler& handler, const HttpLimits& limits,
                                                 HttpErrorBody error_body, LateAnswer late,
                                                 std::string remote) {
  return std::make_unique<HttpProtocol>(handler, limits, std::move(error_body), std::move(late),
                                        std::move(remote));
}

}  // namespace pennon::net
