// The settings of pennond: names, defaults and ranges in one table.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/settings.h"

namespace pennon::daemon {

/// Filled by Settings; the member initialisers are the defaults.
struct DaemonConfig {
  std::string environment;

  std::string upstream_url;  // "": no upstream, the cache and the bootstrap file serve
  std::string upstream_key_file;
  std::string upstream_ca_file;
  std::string upstream_public_key_file;  // "": sets need not be signed
  bool stream = true;
  base::Duration stream_idle{45'000};  // three heartbeats
  base::Duration stream_max_age{1'800'000};
  base::Duration poll_interval{10'000};
  base::Duration retry_max{60'000};
  base::Duration fetch_timeout{30'000};
  base::Duration connect_timeout{5'000};
  base::ByteSize max_body{std::uint64_t{64} << 20U};
  base::Duration stale_after{60'000};

  bool report = true;
  base::Duration report_interval{60'000};

  std::string bootstrap_file;
  std::string bootstrap_format = "native";
  base::ScalarMap defaults;  // per-flag default values

  std::string cache_path = "/var/lib/pennon/cache.db";  // "": no cache
  std::int64_t cache_generations = 3;

  base::ScalarMap context_fixed;    // attributes that the host adds to every context
  base::ScalarMap context_headers;  // HTTP header -> attribute
  bool context_enforce = false;     // the host's win over the caller's

  std::string socket_path = "/run/pennon/pennon.sock";
  base::FileMode socket_mode{0660};
  std::string socket_group;

  bool mapped = true;
  bool http_enabled = true;
  std::string http_address = "127.0.0.1";
  std::int64_t http_port = 8016;
  std::string http_token_file;  // "": whoever reaches the port may ask

  std::string admin_address;  // "": no listener for probes
  std::int64_t admin_port = 8014;

  base::ScalarMap peer_environments;  // who -> environments; see PeerRules
  std::string peer_admin_group;

  std::int64_t workers = 1;
  std::int64_t max_connections = 1024;
  std::int64_t max_connections_per_user = 512;
  base::ByteSize max_request_body{std::uint64_t{1} << 20U};
  base::ByteSize max_request_headers{std::uint64_t{16} << 10U};
  base::ByteSize max_output{std::uint64_t{4} << 20U};
  base::ByteSize max_memory{std::uint64_t{256} << 20U};
  base::Duration message_timeout{10'000};
  base::Duration write_timeout{10'000};
  base::Duration drain_timeout{5'000};

  std::string log_level = "info";
  std::string log_format = "logfmt";
};

/// Adds every setting of `config`, which must outlive `settings`.
void DescribeSettings(base::Settings& settings, DaemonConfig& config);

/// Checks what the table cannot: required settings, and settings that depend on each other.
base::Result<void> ValidateConfig(const DaemonConfig& config);

}  // namespace pennon::daemon
