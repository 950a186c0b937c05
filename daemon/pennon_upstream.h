// The pennon store as upstream: GET /sync/v1/flagset with a sync key, an entity tag, and the
// revision that a delta may go on from.
#pragma once

#include <memory>
#include <string>

#include "base/url.h"
#include "daemon/daemon_config.h"
#include "daemon/http_source.h"
#include "daemon/upstream.h"
#include "net/control_loop.h"
#include "net/http_client.h"

namespace pennon::daemon {

/// Confined to the control thread. Borrows what it is made with.
class PennonUpstream final : public Upstream {
 public:
  PennonUpstream(const DaemonConfig& config, net::HttpClient& http, net::ControlLoop& control);

  void Fetch(const KnownSet& known, std::function<void(FetchResult)> done) override;
  [[nodiscard]] std::string identity() const override {
    return base::WithoutCredentials(config_.upstream_url);
  }

 private:
  const DaemonConfig& config_;
  net::HttpClient& http_;
  net::ControlLoop& control_;
};

}  // namespace pennon::daemon
