#include "daemon/daemon_config.h"

#include <arpa/inet.h>

#include "base/log.h"
#include "base/url.h"
#include "daemon/peer_rules.h"
#include "serving/host_context.h"
#include "wire/document.h"

namespace pennon::daemon {

using base::Error;
using base::Fail;

namespace {

constexpr std::int64_t kHour = 3'600'000;

}  // namespace

void DescribeSource(base::Settings& s, DaemonConfig& c) {
  s.Add("upstream.kind", &c.upstream_kind, "pennon (a store), unleash, flagd or file");
  s.Add("upstream.file", &c.upstream_file, "path of the document, for the kind file");
  s.Add("upstream.format", &c.upstream_format, "its format: native, flagd or unleash");
  s.Add("upstream.url", &c.upstream_url,
        "URL of the store, of Unleash or of flagd's document; empty: none");
  s.Add("upstream.key_file", &c.upstream_key_file, "file with the sync key or token");
  s.Add("upstream.ca_file", &c.upstream_ca_file, "certificates to trust instead of the system's");
  s.Add("upstream.client_cert_file", &c.upstream_client_cert_file,
        "certificate (PEM) to show to the upstream; empty: none");
  s.Add("upstream.client_key_file", &c.upstream_client_key_file,
        "its private key; empty: in the same file");
  s.Add("upstream.public_key_file", &c.upstream_public_key_file,
        "Ed25519 key (PEM) that flag sets must be signed by; empty: none");
  s.Add("upstream.stream", &c.stream, "be told of changes by the store; false: only poll");
  s.Add("upstream.stream_idle", &c.stream_idle, "a stream is dead when nothing came for so long",
        100, kHour);
  s.Add("upstream.stream_max_age", &c.stream_max_age, "a stream is opened anew after so long", 100,
        24 * kHour);
  s.Add("upstream.poll_interval", &c.poll_interval, "time between two polls", 100, 24 * kHour);
  s.Add("upstream.retry_max", &c.retry_max, "longest pause after failures", 100, 24 * kHour);
  s.Add("upstream.timeout", &c.fetch_timeout, "deadline of one fetch", 100, kHour);
  s.Add("upstream.connect_timeout", &c.connect_timeout, "deadline of connecting", 100, kHour);
  s.Add("upstream.max_body", &c.max_body, "largest flag set, decompressed", 1024,
        std::int64_t{256} << 20U);
  s.Add("upstream.stale_after", &c.stale_after,
        "answers are marked stale when the flag set was confirmed longer ago", 100, INT64_MAX);
}

void DescribeEnvironment(base::Settings& s, DaemonConfig& c) {
  DescribeSource(s, c);
  s.Add("sources", &c.source_files, "further sources of flags, each stronger than those before");
  s.Add("report.enabled", &c.report, "tell the store what is in force and what is evaluated");
  s.Add("report.interval", &c.report_interval, "time between two reports", 100, kHour);
  s.Add("bootstrap.file", &c.bootstrap_file, "flag set that serves when there is no cache");
  s.Add("bootstrap.format", &c.bootstrap_format, "its format: native, flagd or unleash");
  s.Add("defaults", &c.defaults, "values of flags that no flag set has");
  s.Add("cache.path", &c.cache_path, "SQLite file that keeps flag sets; empty: no cache");
  s.Add("cache.generations", &c.cache_generations, "flag sets kept", 1, 100);
}

void DescribeToken(base::Settings& s, DaemonConfig& c) {
  s.Add("http.token_file", &c.http_token_file, "file with the token that HTTP there must present");
}

void DescribeSettings(base::Settings& s, DaemonConfig& c) {
  s.Add("environment", &c.environment, "the environment whose flags are served");
  s.Add("environments", &c.environment_files, "further environments and their settings' files");
  DescribeEnvironment(s, c);
  s.Add("context.fixed", &c.context_fixed, "attributes that are added to every context");
  s.Add("context.headers", &c.context_headers, "HTTP headers and the attributes they become");
  s.Add("context.enforce", &c.context_enforce, "these win over the caller's own attributes");
  s.Add("socket.path", &c.socket_path, "Unix socket for frames and HTTP");
  s.Add("socket.mode", &c.socket_mode, "its permission bits");
  s.Add("socket.group", &c.socket_group, "its group, by name or number; empty: the process's own");
  s.Add("socket.mapped", &c.mapped, "let clients map the flags and evaluate by themselves");
  s.Add("http.enabled", &c.http_enabled, "serve HTTP on loopback TCP as well");
  s.Add("http.address", &c.http_address, "loopback address: 127.0.0.1 or ::1");
  s.Add("http.port", &c.http_port, "TCP port; 0: any free one", 0, 65535);
  s.Add("http.environment", &c.http_environment,
        "environment of HTTP requests that present no environment's token");
  DescribeToken(s, c);
  s.Add("admin.address", &c.admin_address, "address for probes and scrapes; empty: none");
  s.Add("admin.port", &c.admin_port, "its TCP port; 0: any free one", 0, 65535);
  s.Add("peers.environments", &c.peer_environments, "who may use which environments");
  s.Add("peers.admin_group", &c.peer_admin_group, "group that may give orders beside root");
  s.Add("workers", &c.workers, "serving threads", 1, 64);
  s.Add("spin_us", &c.spin_us, "microseconds that they wait without sleeping after a request", 0,
        1'000);
  s.Add("core_dumps", &c.core_dumps, "a crash may leave a core, which has keys and contexts in it");
  s.Add("limits.connections", &c.max_connections, "open connections of each listener", 1, 100'000);
  s.Add("limits.connections_per_user", &c.max_connections_per_user,
        "open connections of one user to the Unix socket", 1, 100'000);
  s.Add("limits.request_body", &c.max_request_body, "largest HTTP request body", 1024,
        std::int64_t{64} << 20U);
  s.Add("limits.request_headers", &c.max_request_headers, "largest HTTP request head", 1024,
        std::int64_t{1} << 20U);
  s.Add("limits.output", &c.max_output, "answers that a client does not read", 4096,
        std::int64_t{1} << 30U);
  s.Add("limits.memory", &c.max_memory, "buffers of all connections together",
        std::int64_t{1} << 20U, std::int64_t{64} << 30U);
  s.Add("limits.message_timeout", &c.message_timeout, "for a begun request to be complete", 100,
        kHour);
  s.Add("limits.write_timeout", &c.write_timeout, "for a client to read something", 100, kHour);
  s.Add("limits.drain_timeout", &c.drain_timeout, "for open requests at the end", 0, kHour);
  s.Add("log.level", &c.log_level, "debug, info, warn, error or off");
  s.Add("log.format", &c.log_format, "logfmt or json");
}

bool HasUpstream(const DaemonConfig& config) {
  const bool is_file = config.upstream_kind == "file";
  return !(is_file ? config.upstream_file : config.upstream_url).empty();
}

bool FollowsStore(const DaemonConfig& config) {
  return config.upstream_kind == "pennon" && config.sources.empty();
}

std::string UpstreamIdentity(const DaemonConfig& config) {
  const std::string& kind = config.upstream_kind;
  const std::string url = base::WithoutUser(config.upstream_url);
  if (FollowsStore(config)) return url;
  const std::string& place = kind == "file" ? config.upstream_file : url;
  return kind + ':' + place + (config.sources.empty() ? "" : " and others");
}

wire::DocumentOptions DocumentOptionsOf(const DaemonConfig& config) {
  const std::string& format =
      config.upstream_kind == "file" ? config.upstream_format : config.upstream_kind;
  return {wire::ParseDocumentFormat(format).value_or(wire::DocumentFormat::kNative),
          config.environment};
}

base::Result<void> ValidateSource(const DaemonConfig& config) {
  const std::string& kind = config.upstream_kind;
  if (kind != "pennon" && kind != "unleash" && kind != "flagd" && kind != "file") {
    return Fail(Error::Invalid("upstream.kind",
                               "is \"" + kind + "\", expected pennon, unleash, flagd or file"));
  }
  if (!wire::ParseDocumentFormat(config.upstream_format)) {
    return Fail(Error::Invalid("upstream.format", "is \"" + config.upstream_format +
                                                      "\", expected native, flagd or unleash"));
  }
  if (kind == "file" && !config.upstream_url.empty()) {
    return Fail(Error::Invalid("upstream.url", "is not for the kind file: name upstream.file"));
  }
  if (kind != "file" && !config.upstream_file.empty()) {
    return Fail(Error::Invalid("upstream.file", "is only for upstream.kind file"));
  }
  if (!config.upstream_url.empty() && !config.upstream_url.starts_with("http://") &&
      !config.upstream_url.starts_with("https://")) {
    return Fail(Error::Invalid("upstream.url", "expected a URL with http:// or https://"));
  }
  if (!config.upstream_url.empty() && config.upstream_key_file.empty() && kind != "flagd") {
    return Fail(Error::Invalid(
        "upstream.key_file", kind == "pennon"
                                 ? "is missing: the store wants a sync key (pennon-store makes one)"
                                 : "is missing: the server wants a client token"));
  }
  return {};
}

base::Result<void> ValidateEnvironment(const DaemonConfig& config) {
  if (auto valid = ValidateSource(config); !valid) return valid;
  if (!config.sources.empty() && !HasUpstream(config)) {
    return Fail(Error::Invalid("sources", "need an upstream that they are laid over"));
  }
  if (!config.upstream_public_key_file.empty() && !FollowsStore(config)) {
    return Fail(Error::Invalid("upstream.public_key_file",
                               "only the flag sets of a store, without other sources, are signed"));
  }
  if (config.stale_after.millis <= config.poll_interval.millis) {
    return Fail(
        Error::Invalid("upstream.stale_after", "must be longer than upstream.poll_interval"));
  }
  if (!wire::ParseDocumentFormat(config.bootstrap_format)) {
    return Fail(Error::Invalid("bootstrap.format", "is \"" + config.bootstrap_format +
                                                       "\", expected native, flagd or unleash"));
  }
  return {};
}

namespace {

bool IsIpAddress(const std::string& text) {
  in6_addr address{};  // room for either
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

}  // namespace

base::Result<void> ValidateConfig(const DaemonConfig& config) {
  if (config.environment.empty() && config.environment_files.empty()) {
    return Fail(Error::Invalid("environment", "is missing: name the environment to serve"));
  }
  if (auto valid = ValidateEnvironment(config); !valid) return valid;
  if (config.http_enabled && config.http_address != "127.0.0.1" && config.http_address != "::1") {
    return Fail(Error::Invalid("http.address", "is \"" + config.http_address +
                                                   "\", expected 127.0.0.1 or ::1: flags are for "
                                                   "this host only"));
  }
  const bool is_served = config.http_environment.empty() ||
                         config.http_environment == config.environment ||
                         config.environment_files.contains(config.http_environment);
  if (!is_served) {
    return Fail(Error::Invalid("http.environment",
                               "is \"" + config.http_environment + "\", which is not served here"));
  }
  if (!config.admin_address.empty() && !IsIpAddress(config.admin_address)) {
    return Fail(Error::Invalid("admin.address",
                               "is \"" + config.admin_address + "\", expected an IP address"));
  }
  const auto host = serving::HostContext::Make(config.context_fixed, config.context_headers,
                                               config.context_enforce);
  if (!host) return Fail(host.error());
  const auto rules = PeerRules::Make(config.peer_environments, config.peer_admin_group);
  if (!rules) return Fail(rules.error());
  if (const auto level = base::ParseLogLevel(config.log_level); !level) {
    return Fail(level.error().Within("log.level"));
  }
  if (const auto format = base::ParseLogFormat(config.log_format); !format) {
    return Fail(format.error().Within("log.format"));
  }
  return {};
}

}  // namespace pennon::daemon
