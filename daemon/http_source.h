// Definitions over HTTP(S) with an entity tag: a document of flagd's at any URL, or the client API
// of an Unleash server.
#pragma once

#include <string>

#include "base/url.h"
#include "daemon/daemon_config.h"
#include "daemon/source.h"
#include "net/control_loop.h"
#include "net/http_client.h"

namespace pennon::daemon {

/// Of an Unleash server: `path` ("/client/features") below the configured URL, with the token and
/// who asks. The URL may end with /api, as SDKs have it.
base::Result<net::HttpFetch> UnleashRequest(const DaemonConfig& config, std::string_view path);

/// Confined to the control thread. Borrows what it is made with.
class HttpSource final : public Source {
 public:
  HttpSource(const DaemonConfig& config, net::HttpClient& http, net::ControlLoop& control)
      : config_(config), http_(http), control_(control) {}

  void Fetch(const std::string& validator, std::function<void(SourceResult)> done) override;
  [[nodiscard]] std::string identity() const override {
    return base::WithoutCredentials(config_.upstream_url);
  }

 private:
  [[nodiscard]] base::Result<net::HttpFetch> Request() const;
  [[nodiscard]] SourceResult Interpret(const std::string& validator,
                                       const base::Result<net::HttpFetched>& result) const;

  const DaemonConfig& config_;
  net::HttpClient& http_;
  net::ControlLoop& control_;
};

}  // namespace pennon::daemon
