// Answers that come later: while the store drains, they say that the connection ends, as others do.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "net/http_message.h"

namespace pennon::store {

/// To be used as what it is made of. Borrows both; its answers, the mark alone.
class LateWhileDraining final : public net::Later {
 public:
  LateWhileDraining(const net::Later& late, const std::atomic<bool>& draining)
      : late_(late), draining_(draining) {}

  net::LateResponse operator()() const override {
    return [reply = late_(), &draining = draining_](net::HttpResponse response) {
      response.close = draining.load(std::memory_order_relaxed);
      reply(std::move(response));
    };
  }
  [[nodiscard]] std::shared_ptr<net::HttpStream> Stream(
      const net::HttpResponse& head) const override {
    return late_.Stream(head);
  }

 private:
  const net::Later& late_;
  const std::atomic<bool>& draining_;
};

}  // namespace pennon::store
