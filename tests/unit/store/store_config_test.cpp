// Where settings come from, and how a mistake in them is named.
#include "store/store_config.h"

#include <fstream>

#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

base::Result<void> Read(StoreConfig& config, const std::string& file,
                        const std::vector<std::string>& environment) {
  base::Settings settings = StoreSettings(config);
  std::vector<std::string> texts = environment;
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return settings.ReadFileAndEnvironment(file, "PENNON_STORE", pointers.data()).and_then([&] {
    return CheckStoreConfig(config, settings);
  });
}

TEST_CASE("the environment is stronger than the file, the file than the defaults") {
  const TemporaryDirectory directory;
  const std::string file = directory.Path("store.yaml");
  std::ofstream(file) << "listen:\n  port: 1000\nlog:\n  level: debug\n";
  StoreConfig config;
  REQUIRE(Read(config, file, {"PENNON_STORE_LISTEN_PORT=2000", "OTHER=1"}));
  CHECK(config.listen_port == 2000);
  CHECK(config.log_level == "debug");
  CHECK(config.listen_address == "127.0.0.1");
}

TEST_CASE("a mistake names the file and line, or the variable") {
  const TemporaryDirectory directory;
  const std::string file = directory.Path("store.yaml");
  const auto place_of = [&](const std::string& yaml) {
    std::ofstream(file) << yaml;
    StoreConfig config;
    const auto read = Read(config, file, {});
    REQUIRE(!read);
    return read.error().where();
  };
  CHECK(place_of("workers: 1\nlisten:\n  prot: 1\n") == file + ":3");
  CHECK(place_of("workers: 0\n") == file + ":1");
  CHECK(place_of("listen:\n  port: 65536\n") == file + ":2");
  CHECK(place_of("listen:\n  address: localhost\n") == file + ":2");
  CHECK(place_of("log:\n  level: loud\n") == file + ":2");
  CHECK(place_of("log:\n  format: xml\n") == file + ":2");

  StoreConfig config;
  const auto unknown = Read(config, "", {"PENNON_STORE_PROT=1"});
  REQUIRE(!unknown);
  CHECK(unknown.error().where() == "PENNON_STORE_PROT");
  CHECK(!Read(config, directory.Path("none.yaml"), {}));
}

TEST_CASE("variables of the command line do not stop a store that is started from the same shell") {
  StoreConfig config;
  CHECK(Read(config, "",
             {"PENNON_STORE_URL=http://127.0.0.1:8017", "PENNON_STORE_TOKEN_FILE=token",
              "PENNON_STORE_CA_FILE=ca.pem"}));
}

TEST_CASE("limits are accepted at their bound and refused beyond") {
  StoreConfig config;
  CHECK(Read(config, "", {"PENNON_STORE_WORKERS=64", "PENNON_STORE_LIMITS_BODY=32MiB"}));
  CHECK(!Read(config, "", {"PENNON_STORE_WORKERS=65"}));
  CHECK(!Read(config, "", {"PENNON_STORE_LIMITS_BODY=33MiB"}));
}

}  // namespace
}  // namespace pennon::store
