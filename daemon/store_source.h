// A pennon store as one source among several: its flag set without its place in history.
#pragma once

#include <string>

#include "daemon/daemon_config.h"
#include "daemon/pennon_upstream.h"
#include "daemon/source.h"

namespace pennon::daemon {

/// Confined to the control thread. Borrows what it is made with.
class StoreSource final : public Source {
 public:
  StoreSource(const DaemonConfig& config, net::HttpClient& http, net::ControlLoop& control)
      : config_(config), store_(config, http, control) {}

  void Fetch(const std::string& validator, std::function<void(SourceResult)> done) override;
  [[nodiscard]] std::string identity() const override { return store_.identity(); }

 private:
  const DaemonConfig& config_;
  PennonUpstream store_;
};

}  // namespace pennon::daemon
