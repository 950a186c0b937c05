#include "base/settings.h"

#include <doctest/doctest.h>

#include <array>

namespace pennon::base {
namespace {

struct Fixture {
  Fixture() {
    settings.Add("name", &name, "a text");
    settings.Add("section.count", &count, "a number", 1, 10);
    settings.Add("section.pause_time", &pause, "a time", 100, 60'000);
    settings.Add("section.on", &on, "a switch");
    settings.Add("size", &size, "a size");
    settings.Add("mode", &mode, "a mode");
    settings.Add("defaults", &defaults, "values");
  }
  std::string ErrorOf(const std::string& yaml) {
    const auto read = settings.ReadYaml("c.yaml", yaml);
    return read ? "" : read.error().Message();
  }

  Settings settings;
  std::string name = "n";
  std::int64_t count = 3;
  Duration pause{1000};
  bool on = false;
  ByteSize size{4096};
  FileMode mode{0660};
  ScalarMap defaults;
};

}  // namespace

TEST_CASE("a file sets what it names and leaves the rest") {
  Fixture f;
  CHECK(f.ErrorOf("section:\n  count: 7\n  pause_time: 250ms\n  on: true\nsize: 2MiB\nmode: 0600\n"
                  "defaults: {a: true, b: 3, c: 2.5, d: text, e: \"7\", f: \"\\_\"}\n") == "");
  CHECK(f.name == "n");
  CHECK(f.count == 7);
  CHECK(f.pause.millis == 250);
  CHECK(f.on);
  CHECK(f.size.bytes == 2U << 20U);
  CHECK(f.mode.bits == 0600);
  CHECK(f.defaults == ScalarMap{{"a", "true"},
                                {"b", "3"},
                                {"c", "2.5"},
                                {"d", "\"text\""},
                                {"e", "\"7\""},
                                {"f", "\"\u00a0\""}});
}

TEST_CASE("every mistake in a file names its line and what was expected") {
  const auto error_of = [](const std::string& yaml) { return Fixture().ErrorOf(yaml); };
  CHECK(error_of("name: a\nsektion:\n  count: 1\n").find("c.yaml:2: there is no setting") == 0);
  CHECK(error_of("section:\n  cuont: 1\n").find("c.yaml:2: ") == 0);
  CHECK(error_of("section:\n  count: many\n").find("expected a whole number") != std::string::npos);
  CHECK(error_of("section:\n  on: no\n").find("expected true or false") != std::string::npos);
  CHECK(error_of("name: a\nname: b\n").find("c.yaml:2: \"name\" is given twice") == 0);
  CHECK(error_of("name: [a]\n").find("takes a single value") != std::string::npos);
  CHECK(error_of("section: 3\n").find("is a section") != std::string::npos);
  CHECK(error_of("- a\n").find("expected settings") != std::string::npos);
  CHECK(error_of("name: [a\n").find("c.yaml:") == 0);
  CHECK(error_of("a: &x [*x]\n") != "");
  CHECK(error_of("") == "");
}

TEST_CASE("a value is accepted at the ends of its range and refused beyond") {
  Fixture f;
  CHECK(f.settings.Set("section.count", "1", "t"));
  CHECK(f.settings.Set("section.count", "10", "t"));
  CHECK_FALSE(f.settings.Set("section.count", "0", "t"));
  CHECK_FALSE(f.settings.Set("section.count", "11", "t"));
  CHECK(f.settings.Set("section.pause_time", "100ms", "t"));
  CHECK(f.settings.Set("section.pause_time", "1m", "t"));
  CHECK_FALSE(f.settings.Set("section.pause_time", "99ms", "t"));
  CHECK_FALSE(f.settings.Set("section.pause_time", "61s", "t"));
  CHECK_FALSE(f.settings.Set("section.pause_time", "5 s", "t"));
  CHECK_FALSE(f.settings.Set("size", "99999999999999999999", "t"));
  CHECK_FALSE(f.settings.Set("mode", "0888", "t"));
  CHECK_FALSE(f.settings.Set("mode", "1000", "t"));
  CHECK_FALSE(f.settings.Set("defaults", "{}", "t"));
}

TEST_CASE("the environment sets by upper-case names, and an unknown one is a mistake") {
  Fixture f;
  std::string known = "APP_SECTION_PAUSE_TIME=2s";
  std::string other = "APPLE=1";
  std::array<char*, 3> environment{known.data(), other.data(), nullptr};
  REQUIRE(f.settings.ReadEnvironment("APP", environment.data()));
  CHECK(f.pause.millis == 2000);
  std::string unknown = "APP_SECTOIN=1";
  environment[0] = unknown.data();
  const auto read = f.settings.ReadEnvironment("APP", environment.data());
  REQUIRE(!read);
  CHECK(read.error().where() == "APP_SECTOIN");
}

TEST_CASE("what Kubernetes calls a Service of the program's name is no setting and no mistake") {
  const auto error_of = [](std::string variable) {
    std::array<char*, 2> environment{variable.data(), nullptr};
    Fixture f;
    const auto read = f.settings.ReadEnvironment("APP", environment.data());
    return read ? "" : read.error().where();
  };
  for (const char* const of_service :
       {"APP_SERVICE_HOST=10.0.0.1", "APP_SERVICE_PORT=8017", "APP_SERVICE_PORT_HTTP=8017",
        "APP_PORT=tcp://10.0.0.1:8017", "APP_PORT=udp://10.0.0.1:53",
        "APP_PORT_8017_TCP=tcp://10.0.0.1:8017", "APP_PORT_8017_TCP_PROTO=tcp",
        "APP_PORT_8017_TCP_PORT=8017", "APP_PORT_8017_TCP_ADDR=10.0.0.1",
        "APP_PORT_53_UDP_ADDR=10.0.0.1", "APP_METRICS_SERVICE_HOST=10.0.0.1",
        "APP_METRICS_PORT=tcp://10.0.0.1:1", "APP_METRICS_PORT_1_TCP=tcp://10.0.0.1:1"}) {
    CHECK_MESSAGE(error_of(of_service) == "", of_service);
  }
  CHECK(error_of("APP_PORT=8017") == "APP_PORT");
  CHECK(error_of("APP_PORT_HTTP=8017") == "APP_PORT_HTTP");
  CHECK(error_of("APP_PORT_8017=8017") == "APP_PORT_8017");
  CHECK(error_of("APP_PORT_8017_TCP_NAME=a") == "APP_PORT_8017_TCP_NAME");
  CHECK(error_of("APP_SERVICE=a") == "APP_SERVICE");
}

TEST_CASE("a setting whose name looks like one of Kubernetes' is set") {
  Settings settings;
  std::string port;
  std::string host;
  settings.Add("port", &port, "a port");
  settings.Add("service.host", &host, "a host");
  std::string first = "APP_PORT=tcp://10.0.0.1:8017";
  std::string second = "APP_SERVICE_HOST=h";
  std::array<char*, 3> environment{first.data(), second.data(), nullptr};
  REQUIRE(settings.ReadEnvironment("APP", environment.data()));
  CHECK(port == "tcp://10.0.0.1:8017");
  CHECK(host == "h");
}

TEST_CASE("what may be a secret in an address is not printed for people") {
  Fixture f;
  f.name = "http://user:secret@h/?sig=secret";
  CHECK(f.settings.PrintMasked().starts_with("name: \"http://***@h/?***\"  # default\n"));
}

TEST_CASE("what is printed reads back and tells where each value is from") {
  Fixture f;
  REQUIRE(f.settings.Set("section.pause_time", "30s", "--section-pause-time"));
  const std::string printed = f.settings.Print();
  CHECK(
      printed.find("section:\n  count: 3  # default\n  pause_time: 30s  # --section-pause-time") !=
      std::string::npos);
  CHECK(Fixture().ErrorOf(printed) == "");
  CHECK(FlagName("section.pause_time") == "--section-pause-time");
}

}  // namespace pennon::base
