#include "store/store_config.h"

#include <arpa/inet.h>

#include <array>

#include "store/origin.h"

namespace pennon::store {
namespace {

bool IsAddress(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

base::Error Wrong(const base::Settings& settings, std::string_view path, const std::string& value,
                  std::string_view expected) {
  const base::Settings::Setting* setting = settings.Find(path);
  return base::Error::Invalid(
      setting->origin, std::string(path) + ": is \"" + value + "\", " + std::string(expected));
}

}  // namespace

base::Settings StoreSettings(StoreConfig& config) {
  base::Settings settings;
  // Where the command line finds a store (cli/store_client.h); a shell may have it set for both.
  for (const char* const variable :
       {"PENNON_STORE_URL", "PENNON_STORE_TOKEN_FILE", "PENNON_STORE_CA_FILE"}) {
    settings.PassOver(variable);
  }
  settings.Add("database", &config.database,
               "the SQLite file, which init makes with its folder, or postgres://…");
  settings.Add("signing.key_file", &config.signing_key_file,
               "a private key that flag sets are signed with; \"\": they are not");
  settings.Add("listen.address", &config.listen_address, "the IP address to listen on");
  settings.Add("listen.port", &config.listen_port, "the port to listen on; 0: any free one", 0,
               65535);
  settings.Add("listen.trusted_proxies", &config.trusted_proxies,
               "addresses and networks of proxies whose X-Forwarded-For is believed");
  settings.Add("workers", &config.workers, "threads that serve connections", 1, 64);
  settings.Add("tls.certificate_file", &config.tls_certificate_file,
               "the certificate, and those up to its authority; \"\": no TLS");
  settings.Add("tls.key_file", &config.tls_key_file, "the private key of the certificate");
  settings.Add("readers", &config.readers,
               "connections to the database that answer what only reads", 1, 64);
  settings.Add("core_dumps", &config.core_dumps,
               "a crash may leave a core, which has keys and flags in it");
  settings.Add("limits.connections", &config.max_connections, "open connections at a time", 1,
               1'000'000);
  settings.Add("limits.api_rate", &config.api_rate,
               "requests of the API a second that one token or user may send; 0: as many as it can",
               0, 1000);
  settings.Add("limits.streams", &config.max_streams,
               "daemons that are told of changes; one more is asked to come again later", 1,
               1'000'000);
  settings.Add("limits.body", &config.max_body, "the largest body of a request", 1024,
               std::int64_t{32} << 20U);
  settings.Add("limits.header", &config.max_header, "the largest header of a request", 1024,
               std::int64_t{1} << 20U);
  settings.Add("limits.memory", &config.max_memory,
               "buffers of all connections together; a body may take four times its size of it",
               std::int64_t{1} << 20U, std::int64_t{64} << 30U);
  settings.Add("limits.request_timeout", &config.request_timeout,
               "for a begun request to be complete", 100, 3'600'000);
  settings.Add("limits.write_timeout", &config.write_timeout,
               "for the caller to read some of an answer", 100, 3'600'000);
  settings.Add("limits.idle_timeout", &config.idle_timeout,
               "before a connection without requests is closed; 0s: never", 0, 86'400'000);
  settings.Add("shutdown.drain", &config.drain, "for requests to be finished when stopping", 0,
               600'000);
  settings.Add("log.level", &config.log_level, "debug, info, warn, error or off");
  settings.Add("log.format", &config.log_format, "logfmt or json");
  return settings;
}

base::Result<void> CheckStoreConfig(const StoreConfig& config, const base::Settings& settings) {
  if (config.database.empty()) {
    return base::Fail(
        Wrong(settings, "database", "", "expected the path of a file, or postgres://…"));
  }
  if (!IsAddress(config.listen_address)) {
    return base::Fail(Wrong(settings, "listen.address", config.listen_address,
                            "expected an IP address such as 127.0.0.1 or ::1"));
  }
  if (config.tls_certificate_file.empty() != config.tls_key_file.empty()) {
    const bool no_key = config.tls_key_file.empty();
    return base::Fail(Wrong(settings, no_key ? "tls.key_file" : "tls.certificate_file", "",
                            "expected a file: certificate and key belong together"));
  }
  if (auto proxies = TrustedProxies::Parse(config.trusted_proxies); !proxies) {
    return base::Fail(Wrong(settings, "listen.trusted_proxies", config.trusted_proxies,
                            proxies.error().Message()));
  }
  if (auto level = base::ParseLogLevel(config.log_level); !level) {
    return base::Fail(Wrong(settings, "log.level", config.log_level, level.error().what()));
  }
  if (auto format = base::ParseLogFormat(config.log_format); !format) {
    return base::Fail(Wrong(settings, "log.format", config.log_format, format.error().what()));
  }
  return {};
}

}  // namespace pennon::store
