#include "net/http_protocol.h"

#include <string_view>

#include "net/http_parser.h"

namespace pennon::net {
namespace {

std::string_view StatusText(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "";
  }
}

bool IsHeaderValue(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

struct Framing {
  bool keep_alive = true;
  bool is_head = false;
};

void AppendResponse(std::string& out, const HttpResponse& response, Framing framing) {
  out += "HTTP/1.1 ";
  out += std::to_string(response.status);
  out += ' ';
  out += StatusText(response.status);
  out += "\r\n";
  const bool may_have_body = response.status != 204 && response.status != 304;
  if (may_have_body && !response.content_type.empty()) {
    out += "Content-Type: ";
    out += response.content_type;
    out += "\r\n";
  }
  for (const auto& [name, value] : response.headers) {
    if (!IsHeaderValue(value)) continue;
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  if (may_have_body) {
    out += "Content-Length: ";
    out += std::to_string(response.body.size());
    out += "\r\n";
  }
  if (!framing.keep_alive) out += "Connection: close\r\n";
  out += "\r\n";
  if (may_have_body && !framing.is_head) out += response.body;
}

class HttpProtocol final : public StreamProtocol {
 public:
  HttpProtocol(HttpHandler& handler, const HttpLimits& limits, HttpErrorBody error_body,
               LateAnswer late)
      : handler_(handler), error_body_(std::move(error_body)), late_(std::move(late)),
        parser_(limits) {}

  Progress OnBytes(std::span<char> input, std::string& output) override {
    Progress progress;
    while (!progress.close && !progress.suspended && progress.consumed < input.size()) {
      switch (parser_.Parse(input.subspan(progress.consumed))) {
        case HttpParser::State::kNeedMore:
          if (parser_.TakeExpectContinue()) output += "HTTP/1.1 100 Continue\r\n\r\n";
          return progress;
        case HttpParser::State::kFailed: Refuse(output, progress); break;
        case HttpParser::State::kComplete:
          Answer(output, progress);
          progress.consumed += parser_.size();
          parser_.Reset();
          break;
      }
    }
    return progress;
  }

 private:
  void Answer(std::string& output, Progress& progress) {
    const Framing framing{parser_.keep_alive(), parser_.request().method == "HEAD"};
    response_.Clear();
    const std::function<LateResponse()> late = [&] { return MakeLate(framing); };
    if (!handler_.Handle(parser_.request(), response_, late)) {
      progress.suspended = true;
      return;
    }
    const bool keep_alive = framing.keep_alive && !response_.close;
    AppendResponse(output, response_, {keep_alive, framing.is_head});
    progress.close = !keep_alive;
  }

  [[nodiscard]] LateResponse MakeLate(Framing framing) const {
    return [late = late_, framing](const HttpResponse& response) {
      const bool keep_alive = framing.keep_alive && !response.close;
      std::string bytes;
      AppendResponse(bytes, response, {keep_alive, framing.is_head});
      late(std::move(bytes), !keep_alive);
    };
  }

  // After a message that cannot be parsed nobody knows where the next one begins.
  void Refuse(std::string& output, Progress& progress) {
    response_.Clear();
    response_.status = parser_.error_status();
    response_.body = error_body_(response_.status, parser_.error());
    AppendResponse(output, response_, {false, false});
    progress.close = true;
  }

  HttpHandler& handler_;
  HttpErrorBody error_body_;
  LateAnswer late_;
  HttpParser parser_;
  HttpResponse response_;
};

}  // namespace

std::unique_ptr<StreamProtocol> MakeHttpProtocol(HttpHandler& handler, const HttpLimits& limits,
                                                 HttpErrorBody error_body, LateAnswer late) {
  return std::make_unique<HttpProtocol>(handler, limits, std::move(error_body), std::move(late));
}

}  // namespace pennon::net
