// Reads bytes as the configuration of a daemon or a store, from a file or from the environment.
// Every error names its place; what is taken is printed, and the print reads as the same settings.
#include <string>
#include <vector>

#include "daemon/daemon_config.h"
#include "store/store_config.h"

namespace {

using namespace pennon;

const std::string kFile = "fuzz.yaml";

struct DaemonTable {
  daemon::DaemonConfig config;
  base::Settings settings;

  DaemonTable() { daemon::DescribeSettings(settings, config); }
  [[nodiscard]] base::Result<void> Check() const { return daemon::ValidateConfig(config); }
};

struct StoreTable {
  store::StoreConfig config;
  base::Settings settings = store::StoreSettings(config);

  [[nodiscard]] base::Result<void> Check() const {
    return store::CheckStoreConfig(config, settings);
  }
};

void ExpectPlace(const base::Result<void>& result, std::string_view place) {
  if (result) return;
  const base::Error& error = result.error();
  if (error.where().empty() || error.what().empty()) __builtin_trap();
  if (!error.where().starts_with(place)) __builtin_trap();
}

// Each line is a variable, as `environ` has them.
base::Result<void> ReadVariables(base::Settings& settings, std::string text) {
  std::vector<char*> variables;
  char* next = text.data();
  for (char& c : text) {
    if (c != '\n') continue;
    c = '\0';
    variables.push_back(next);
    next = &c + 1;
  }
  variables.push_back(next);
  variables.push_back(nullptr);
  return settings.ReadEnvironment("PENNON", variables.data());
}

// A key may have 1024 characters on one line, and each may be an escape of six.
bool HasShortKeys(const base::Settings& settings) {
  constexpr std::size_t kMost = 1024 / 6 - 1;
  for (const auto& setting : settings.all()) {
    const auto* const map = std::get_if<base::ScalarMap*>(&setting.target);
    if (map == nullptr) continue;
    for (const auto& [key, value] : **map) {
      if (key.size() > kMost) return false;
    }
  }
  return true;
}

template <typename Table>
void Read(const std::string& text, bool is_file) {
  Table table;
  const auto read =
      is_file ? table.settings.ReadYaml(kFile, text) : ReadVariables(table.settings, text);
  ExpectPlace(read, is_file ? kFile : "PENNON_");
  if (!read) return;
  ExpectPlace(table.Check(), "");
  if (!HasShortKeys(table.settings)) return;
  Table again;
  if (!again.settings.ReadYaml("print", table.settings.Print())) __builtin_trap();
  if (!again.settings.ChangedSince(table.settings).empty()) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  const bool is_file = data[0] % 4 < 2;
  data[0] % 2 == 0 ? Read<DaemonTable>(text, is_file) : Read<StoreTable>(text, is_file);
  return 0;
}
