// One HTTP/1.1 request out of a growing buffer: Beast's parser without its I/O and its containers.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/http_message.h"
#include "net/http_protocol.h"

namespace pennon::net {

/// Offered the same message again and again while it grows; looks at every byte once. Confined to
/// one connection.
class HttpParser {
 public:
  enum class State { kNeedMore, kComplete, kFailed };

  explicit HttpParser(const HttpLimits& limits);
  ~HttpParser();
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  /// `message` begins with the first byte of the request and has grown since the last call.
  State Parse(std::span<char> message);

  /// After kComplete: the request, with views into `message` as last given.
  HttpRequest& request() { return request_; }
  /// After kComplete: how long the request was.
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] bool is_http_1_0() const;
  /// After kNeedMore: true, once, when the client waits for "100 Continue".
  bool TakeExpectContinue();
  /// After kFailed.
  [[nodiscard]] int error_status() const;
  [[nodiscard]] std::string_view error() const;

  /// Forgets the message; the next Parse begins a new one.
  void Reset();

 private:
  class Events;
  void Describe(std::span<char> message);

  HttpLimits limits_;
  std::unique_ptr<Events> events_;
  HttpRequest request_;
};

}  // namespace pennon::net
