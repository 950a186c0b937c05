#include <doctest/doctest.h>

#include "daemon/daemon_config.h"

namespace pennon::daemon {
namespace {

std::string ErrorOf(const std::string& yaml) {
  DaemonConfig config;
  base::Settings settings;
  DescribeSettings(settings, config);
  const auto read = settings.ReadYaml("pennond.yaml", yaml);
  if (!read) return read.error().Message();
  const auto valid = ValidateConfig(config);
  return valid ? "" : valid.error().Message();
}

}  // namespace

TEST_CASE("a configuration that only names the environment is complete") {
  CHECK(ErrorOf("environment: production\n") == "");
}

TEST_CASE("what a configuration lacks or contradicts is named with what to do") {
  CHECK(ErrorOf("").find("environment: is missing") == 0);
  const std::string base = "environment: e\n";
  CHECK(ErrorOf(base + "upstream:\n  url: ftp://x\n  key_file: k\n").find("upstream.url: ") == 0);
  CHECK(ErrorOf(base + "upstream:\n  url: http://x\n").find("upstream.key_file: is missing") == 0);
  CHECK(ErrorOf(base + "http:\n  address: 0.0.0.0\n").find("http.address: ") == 0);
  CHECK(ErrorOf(base + "http:\n  environment: f\n").find("http.environment: is \"f\"") == 0);
  CHECK(ErrorOf(base + "http:\n  environment: e\n") == "");
  CHECK(ErrorOf(base + "environments: {f: f.yaml}\nhttp:\n  environment: f\n") == "");
  CHECK(ErrorOf(base + "upstream:\n  stale_after: 5s\n").find("upstream.stale_after: ") == 0);
  CHECK(ErrorOf(base + "log:\n  level: loud\n").find("log.level: expected debug") == 0);
  CHECK(ErrorOf(base + "upstream:\n  poll_interval: 99ms\n").find("pennond.yaml:3: ") == 0);
}

TEST_CASE("an upstream is the same one with a new password, and another one with another query") {
  const auto identity = [](const std::string& kind, const std::string& url) {
    DaemonConfig config;
    config.upstream_kind = kind;
    config.upstream_url = url;
    return UpstreamIdentity(config);
  };
  for (const std::string kind : {"pennon", "flagd"}) {
    CHECK(identity(kind, "http://u:one@h/x?a") == identity(kind, "http://u:two@h/x?a"));
    CHECK(identity(kind, "http://h/x?a") != identity(kind, "http://h/x?b"));
    CHECK(identity(kind, "http://u:one@h/x").find("one") == std::string::npos);
  }
}

TEST_CASE("the whole configuration prints, reads back and is the same") {
  DaemonConfig config;
  base::Settings settings;
  DescribeSettings(settings, config);
  config.environment = "e";
  const std::string printed = settings.Print();
  CHECK(ErrorOf(printed) == "");
}

}  // namespace pennon::daemon
