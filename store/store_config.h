// The settings of pennon-store: one table for the file, the environment and the command line.
// What each means, and its default, is config/pennon-store.yaml.
#pragma once

#include <string>

#include "base/log.h"
#include "base/result.h"
#include "base/settings.h"

namespace pennon::store {

struct StoreConfig {
  std::string database = "/var/lib/pennon-store/store.db";
  std::string signing_key_file;
  std::string listen_address = "127.0.0.1";
  std::int64_t listen_port = 8017;
  std::int64_t workers = 1;
  std::int64_t readers = 2;
  bool core_dumps = false;
  std::int64_t max_connections = 25'000;
  std::int64_t api_rate = 200;
  std::int64_t max_streams = 20'000;
  std::string trusted_proxies;
  std::string tls_certificate_file;
  std::string tls_key_file;
  base::ByteSize max_body{std::uint64_t{16} << 20U};
  base::ByteSize max_header{std::uint64_t{16} << 10U};
  base::ByteSize max_memory{std::uint64_t{512} << 20U};
  base::Duration request_timeout{10'000};
  base::Duration write_timeout{10'000};
  base::Duration idle_timeout{120'000};
  base::Duration drain{5'000};
  std::string log_level = "info";
  std::string log_format = "logfmt";
};

/// The table over `config`, which must outlive it.
base::Settings StoreSettings(StoreConfig& config);

/// What the table alone cannot check; errors name the setting and where it was given.
base::Result<void> CheckStoreConfig(const StoreConfig& config, const base::Settings& settings);

}  // namespace pennon::store
