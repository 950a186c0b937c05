// A request that came in and the answer to it, as plain structs without any HTTP library.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pennon::net {

/// Views into the connection's buffer: valid until Handle returns.
struct HttpRequest {
  std::string_view method;  // "GET"
  std::string_view path;    // as sent, percent-encoded, without the query
  std::string_view query;   // without '?'
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::span<char> body;     // writable, and so is the byte after it
  std::string_view remote;  // the address at the other end; "" on a Unix socket

  /// The value of the first header of that name (any case), or "".
  [[nodiscard]] std::string_view Header(std::string_view name) const;
  /// True when the body may be JSON: the Content-Type says so, or is absent, as several clients
  /// leave it.
  [[nodiscard]] bool MayBeJson() const;
};

/// Of texts of the same size, ASCII letters in any case.
bool SameInAnyCase(std::string_view a, std::string_view b);
/// Names of headers are the same in any case. Nearly all differ in size.
inline bool SameHeaderName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && SameInAnyCase(a, b);
}

struct HttpResponse {
  int status = 200;
  std::string_view content_type = "application/json";  // static text; "" for no body
  std::vector<std::pair<std::string_view, std::string>> headers;
  std::string header_lines;  // more of them, written out and known to be well-formed: "A: b\r\n"
  std::string body;
  bool close = false;  // end the connection after this answer

  /// Back to an empty 200; keeps the memory.
  void Clear();
};

/// Answers a request later, from any thread; does nothing when the connection is gone.
using LateResponse = std::function<void(HttpResponse)>;

/// An answer whose body is sent piece by piece until one side ends it. Safe from any thread.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  /// False once the connection is gone, which shows only when something is sent on it.
  [[nodiscard]] virtual bool is_open() const = 0;
  virtual void Send(std::string bytes) = 0;
  /// Ends the answer, and the connection with it.
  virtual void End(std::string bytes) = 0;
};

/// How a handler answers later; to be used while it runs, once.
class Later {
 public:
  virtual ~Later() = default;
  virtual LateResponse operator()() const = 0;
  /// Sends the status and the headers now, whose body is nothing yet.
  [[nodiscard]] virtual std::shared_ptr<HttpStream> Stream(const HttpResponse& head) const = 0;
};

/// Confined to the connection's worker.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Fills `response` and returns true; or takes what `late` gives, returns false and answers
  /// through that.
  virtual bool Handle(HttpRequest& request, HttpResponse& response, const Later& late) = 0;
};

}  // namespace pennon::net
