// A program's settings as one table: path, description, default and a typed place to put the value.
// The same table reads the YAML file, the environment and the command line, and prints the result.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace pennon::base {

/// A length of time; written `250ms`, `10s`, `5m` or `1h`.
struct Duration {
  std::int64_t millis = 0;
};
/// A number of bytes; written `4096`, `64KiB`, `16MiB` or `1GiB`.
struct ByteSize {
  std::uint64_t bytes = 0;
};
/// Permission bits; written in octal: `0660`.
struct FileMode {
  std::uint32_t bits = 0;
};
/// Keys with a scalar each, kept as JSON text: `{checkout: true, banner: "hello"}`.
using ScalarMap = std::map<std::string, std::string, std::less<>>;

/// The place that a setting is stored in; not owned, must outlive the Settings.
using SettingTarget =
    std::variant<std::string*, bool*, std::int64_t*, Duration*, ByteSize*, FileMode*, ScalarMap*>;

/// Confined to one thread.
class Settings {
 public:
  static constexpr std::string_view kDefaultOrigin = "default";

  struct Setting {
    std::string path;  // "upstream.poll_interval"
    std::string description;
    SettingTarget target;
    std::int64_t min = INT64_MIN;  // for integers, durations (ms) and sizes (bytes)
    std::int64_t max = INT64_MAX;
    std::string origin{kDefaultOrigin};
  };

  /// Adds a setting whose target holds the default already.
  void Add(std::string path, SettingTarget target, std::string description,
           std::int64_t min = INT64_MIN, std::int64_t max = INT64_MAX);

  /// An environment variable with the program's prefix that another program reads.
  void PassOver(std::string variable);

  /// Reads a YAML document. Unknown keys, duplicates, wrong types and values out of range are
  /// errors that name `file:line`.
  Result<void> ReadYaml(const std::string& file, const std::string& text);
  /// Reads `PREFIX_UPSTREAM_POLL_INTERVAL` and the like; an unknown name with the prefix is an
  /// error, unless it is passed over or what Kubernetes calls a Service with the program's name.
  Result<void> ReadEnvironment(std::string_view prefix, char* const* environment);
  /// Reads the file ("": none) and then the environment, which is the stronger.
  Result<void> ReadFileAndEnvironment(const std::string& file, std::string_view prefix,
                                      char* const* environment);
  /// Sets one value from text; `origin` is named in errors and in Print.
  Result<void> Set(std::string_view path, const std::string& text, const std::string& origin);

  /// For a value that is put into its place without Set: a map's.
  void NoteOrigin(std::string_view path, const std::string& origin);

  /// An error of a check of the values, whose place is a setting or an entry of one: with where
  /// that was given before it. Any other error, or one of a default, as it is.
  [[nodiscard]] Error Located(const Error& error) const;

  [[nodiscard]] const std::vector<Setting>& all() const { return settings_; }
  [[nodiscard]] const Setting* Find(std::string_view path) const;
  /// The paths of settings that have another value in `before`, a table of the same settings.
  [[nodiscard]] std::vector<std::string> ChangedSince(const Settings& before) const;
  /// The settings as YAML in force, each with where it came from as a comment.
  [[nodiscard]] std::string Print() const;
  /// The same for people: what may be a secret in an address, `***` stands for.
  [[nodiscard]] std::string PrintMasked() const;

 private:
  Setting* FindMutable(std::string_view path);

  std::vector<Setting> settings_;
  std::vector<std::string> passed_over_;
};

/// A setting's value as YAML, as Print shows it.
std::string ValueText(const Settings::Setting& setting);

/// The name of a setting on the command line: `upstream.poll_interval` ->
/// `--upstream-poll-interval`.
std::string FlagName(std::string_view path);

}  // namespace pennon::base
