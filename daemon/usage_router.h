// One worker's counting, dealt to the environments that are counted.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serving/usage_sink.h"

namespace pennon::daemon {

/// Filled before the worker runs, then confined to it. Borrows the sinks.
class UsageRouter final : public serving::UsageSink {
 public:
  void Add(std::string environment, serving::UsageSink& sink) {
    sinks_.emplace_back(std::move(environment), &sink);
  }
  [[nodiscard]] bool empty() const { return sinks_.empty(); }

  void Count(const serving::Published& published, engine::FlagHandle flag, std::string_view variant,
             model::Reason reason, std::uint64_t times) override {
    for (const auto& [environment, sink] : sinks_) {
      if (environment == published.environment)
        return sink->Count(published, flag, variant, reason, times);
    }
  }

 private:
  std::vector<std::pair<std::string, serving::UsageSink*>> sinks_;
};

}  // namespace pennon::daemon
