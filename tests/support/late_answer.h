// What a handler answers later, taken down.
#pragma once

#include <future>
#include <string>

#include "net/http_message.h"

namespace pennon::test {

/// A stream whose pieces are put together.
class RecordedStream final : public net::HttpStream {
 public:
  [[nodiscard]] bool is_open() const override { return open; }
  void Send(std::string bytes) override { text += bytes; }
  void End(std::string bytes) override {
    text += bytes;
    ended = true;
  }
  std::string text;
  bool open = true;
  bool ended = false;
};

class RecordedLater final : public net::Later {
 public:
  net::LateResponse operator()() const override {
    return [this](net::HttpResponse later) { response.set_value(std::move(later)); };
  }
  [[nodiscard]] std::shared_ptr<net::HttpStream> Stream(
      const net::HttpResponse& head) const override {
    type = head.content_type;
    return stream;
  }
  mutable std::promise<net::HttpResponse> response;
  mutable std::string type;
  std::shared_ptr<RecordedStream> stream = std::make_shared<RecordedStream>();
};

}  // namespace pennon::test
