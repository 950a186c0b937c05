// The settings of pennond: names, defaults and ranges in one table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/settings.h"
#include "wire/document.h"

namespace pennon::daemon {

/// Filled by Settings; the member initialisers are the defaults.
struct DaemonConfig {
  std::string environment;
  base::ScalarMap environment_files;  // further environments: name -> file with their settings

  std::string upstream_kind = "pennon";    // pennon, unleash, flagd or file
  std::string upstream_format = "native";  // of a file
  std::string upstream_file;               // for kind file; "" there: no upstream
  std::string upstream_url;  // "": no upstream, the cache and the bootstrap file serve
  std::string upstream_key_file;
  std::string upstream_ca_file;
  std::string upstream_client_cert_file;  // "": none is shown
  std::string upstream_client_key_file;   // "": it is in the certificate's file
  std::string upstream_public_key_file;   // "": sets need not be signed
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

  base::ScalarMap source_files;  // further sources: name -> file with their `upstream`

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
  std::string http_environment;  // of requests without a token; "": the only one
  std::string http_token_file;   // "": whoever reaches the port may ask

  std::string admin_address;  // "": no listener for probes
  std::int64_t admin_port = 8014;

  base::ScalarMap peer_environments;  // who -> environments; see PeerRules
  std::string peer_admin_group;

  std::int64_t workers = 1;
  std::int64_t spin_us = 0;
  bool core_dumps = false;
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

  // What the files that are named above say, in the order of the names: ReadParts fills these. Each
  // is a whole configuration, of which only the settings of an environment or a source count.
  std::string name;  // of a source
  std::vector<DaemonConfig> sources;
  std::vector<DaemonConfig> environments;  // without the one of this configuration itself
  bool has_siblings = false;               // there are others in the same daemon
};

/// Adds every setting of `config`, which must outlive `settings`.
void DescribeSettings(base::Settings& settings, DaemonConfig& config);
/// The part of these that an environment has for itself, and of these the part of a source.
void DescribeEnvironment(base::Settings& settings, DaemonConfig& config);
void DescribeSource(base::Settings& settings, DaemonConfig& config);
/// The token of an environment; not among those above, for it stands in the section of HTTP.
void DescribeToken(base::Settings& settings, DaemonConfig& config);
/// What a file that `environments` names may have.
void DescribeEnvironmentFile(base::Settings& settings, DaemonConfig& config);

/// Whether there is an upstream; what identifies it in a cache, whatever password it is asked with;
/// how its documents are read.
bool HasUpstream(const DaemonConfig& config);
std::string UpstreamIdentity(const DaemonConfig& config);
wire::DocumentOptions DocumentOptionsOf(const DaemonConfig& config);
/// True when the upstream is a store and nothing else: then its epochs and revisions are ours.
bool FollowsStore(const DaemonConfig& config);

/// Reads the files that `environments` and `sources` name, into the members of these names, and
/// checks each. Errors name the file.
base::Result<void> ReadParts(DaemonConfig& config);

/// Checks what the tables cannot: required settings, and settings that depend on each other. What
/// ReadParts reads it has checked.
base::Result<void> ValidateSource(const DaemonConfig& config);
base::Result<void> ValidateEnvironment(const DaemonConfig& config);
base::Result<void> ValidateConfig(const DaemonConfig& config);

}  // namespace pennon::daemon
