// The files that a configuration names: further environments, and sources of an environment.
#include <algorithm>
#include <filesystem>
#include <functional>

#include "base/file.h"
#include "daemon/daemon_config.h"

namespace pennon::daemon {
namespace {

using base::Error;
using base::Fail;
using base::Result;

constexpr std::size_t kMaxPartBytes = std::size_t{256} << 10U;
constexpr std::size_t kMaxSources = 16;
constexpr std::size_t kMaxEnvironments = 64;

using Describe = void (*)(base::Settings&, DaemonConfig&);

// Errors of `check`, which is called when the file has been read, name the file as well: with the
// line of the setting if it is the file that gives it.
Result<void> ReadPart(const std::string& file, Describe describe, DaemonConfig& part,
                      const std::function<Result<void>()>& check) {
  const auto text = base::ReadFile(file, kMaxPartBytes);
  if (!text) return Fail(text.error());
  base::Settings settings;
  describe(settings, part);
  if (auto read = settings.ReadYaml(file, *text); !read) return read;
  const auto checked = check();
  if (checked) return {};
  const Error located = settings.Located(checked.error());
  if (located.where().starts_with(file + ':')) return Fail(located);
  return Fail(Error::Invalid(file, located.Message()));
}

// A value of a map is JSON text; that of a string has quotes and may have escapes.
Result<std::string> PathOf(std::string_view setting, const std::string& name,
                           const std::string& json) {
  const bool is_plain = json.size() > 2 && json.front() == '"' && json.back() == '"' &&
                        json.find('\\') == std::string::npos;
  if (is_plain) return json.substr(1, json.size() - 2);
  return Fail(Error::Invalid(std::string(setting) + '.' + name, "expected the path of a file"));
}

Result<void> CheckCount(std::string_view setting, std::size_t count, std::size_t most) {
  if (count <= most) return {};
  return Fail(Error::Limit(setting, "has more than " + std::to_string(most)));
}

// The timings are those of the whole; where it asks and with what is a source's own.
Result<void> ReadSources(DaemonConfig& config) {
  if (auto few = CheckCount("sources", config.source_files.size(), kMaxSources); !few) return few;
  std::vector<DaemonConfig> sources;
  for (const auto& [name, json] : config.source_files) {
    const auto file = PathOf("sources", name, json);
    if (!file) return Fail(file.error());
    DaemonConfig part = config;
    part.source_files.clear();
    part.name = name;
    for (auto* own : {&part.upstream_url, &part.upstream_file, &part.upstream_key_file,
                      &part.upstream_ca_file, &part.upstream_client_cert_file,
                      &part.upstream_client_key_file, &part.upstream_public_key_file}) {
      own->clear();
    }
    part.upstream_kind = DaemonConfig().upstream_kind;
    part.upstream_format = DaemonConfig().upstream_format;
    const auto check = [&]() -> Result<void> {
      if (auto valid = ValidateSource(part); !valid) return valid;
      if (HasUpstream(part)) return {};
      return Fail(Error::Invalid("", "names no upstream.url and no upstream.file"));
    };
    if (auto read = ReadPart(*file, DescribeSource, part, check); !read) return read;
    sources.push_back(std::move(part));
  }
  config.sources = std::move(sources);
  return {};
}

// Beside the main file's cache, under the environment's name.
std::string CacheOf(const DaemonConfig& config, const std::string& name) {
  if (config.cache_path.empty()) return "";
  return (std::filesystem::path(config.cache_path).parent_path() / ("cache-" + name + ".db"))
      .string();
}

// Who has that cache already: two daemons' worth of sets in one file would be refused at the start.
const DaemonConfig* WithCacheOf(const DaemonConfig& part, const DaemonConfig& main,
                                const std::vector<DaemonConfig>& others) {
  if (part.cache_path.empty()) return nullptr;
  const auto place = [](const DaemonConfig& config) {
    return std::filesystem::path(config.cache_path).lexically_normal();
  };
  if (!main.environment.empty() && place(main) == place(part)) return &main;
  const auto found = std::find_if(others.begin(), others.end(), [&](const DaemonConfig& other) {
    return place(other) == place(part);
  });
  return found == others.end() ? nullptr : &*found;
}

bool IsFileName(const std::string& name) {
  return !name.empty() && name.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789._-") == std::string::npos;
}

Result<void> ReadEnvironments(DaemonConfig& config) {
  const auto& files = config.environment_files;
  if (auto few = CheckCount("environments", files.size(), kMaxEnvironments); !few) return few;
  std::vector<DaemonConfig> environments;
  for (const auto& [name, json] : files) {
    if (!IsFileName(name) || name == config.environment) {
      return Fail(Error::Invalid("environments." + name,
                                 "is the main environment's, or has other characters than letters, "
                                 "digits, '.', '_' and '-'"));
    }
    const auto file = PathOf("environments", name, json);
    if (!file) return Fail(file.error());
    DaemonConfig part = config;
    part.environment_files.clear();
    part.source_files.clear();
    part.sources.clear();
    part.defaults.clear();
    part.environment = name;
    part.has_siblings = true;
    part.upstream_key_file.clear();
    part.http_token_file.clear();
    part.bootstrap_file.clear();
    part.cache_path = CacheOf(config, name);
    const auto check = [&] {
      // An address that is not for this file's kind is the main upstream's.
      const bool is_file = part.upstream_kind == "file";
      if (is_file && part.upstream_url == config.upstream_url) part.upstream_url.clear();
      if (!is_file && part.upstream_file == config.upstream_file) part.upstream_file.clear();
      return ReadSources(part).and_then([&] { return ValidateEnvironment(part); });
    };
    auto read = ReadPart(*file, DescribeEnvironmentFile, part, check);
    if (!read) return read;
    if (const DaemonConfig* other = WithCacheOf(part, config, environments)) {
      return Fail(Error::Invalid("environments." + name,
                                 "has the same cache.path as \"" + other->environment + '"'));
    }
    environments.push_back(std::move(part));
  }
  config.environments = std::move(environments);
  config.has_siblings = !config.environments.empty();
  return {};
}

}  // namespace

void DescribeEnvironmentFile(base::Settings& settings, DaemonConfig& part) {
  DescribeEnvironment(settings, part);
  DescribeToken(settings, part);
}

Result<void> ReadParts(DaemonConfig& config) {
  return ReadSources(config).and_then([&] { return ReadEnvironments(config); });
}

}  // namespace pennon::daemon
