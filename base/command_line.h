// The options that pennond and pennon-store share: --config, --check-config, --print-config,
// --version and a flag for every setting. Flags win over the environment, that over the file.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/settings.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own name
class App;
}

namespace pennon::base {

inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitConfiguration = 78;  // EX_CONFIG of sysexits.h

/// Writes "program: message" as one line to standard error and returns `exit_code`.
int Complain(std::string_view program, const std::string& message, int exit_code);

/// What CLI11 is to parse, last first as it takes them: --name= becomes --name and an empty
/// argument, or CLI11 (2.1) would give the option the argument after it.
std::vector<std::string> ArgumentsOf(int argc, const char* const* argv);

/// Confined to one thread; borrows the settings.
class CommandLine {
 public:
  /// `environment_prefix` is that of the environment variables: PENNOND.
  CommandLine(std::string program, std::string description, std::string environment_prefix,
              Settings& settings);
  ~CommandLine();

  /// For adding subcommands and options of the program's own.
  CLI::App& app() { return *app_; }

  /// Parses the arguments and reads all settings, then calls `check`. Returns an exit code when the
  /// program is to end now (help, version, a mistake, --check-config, --print-config), else none.
  std::optional<int> Read(int argc, char** argv, char** environment,
                          const std::function<Result<void>()>& check);
  /// After Read: reads the same file, environment and flags once more, into another table of the
  /// same settings.
  [[nodiscard]] Result<void> ReadAgain(Settings& settings, char* const* environment) const;

 private:
  [[nodiscard]] Result<void> SetFlags(Settings& settings) const;

  std::string program_;
  std::string environment_prefix_;
  Settings& settings_;
  std::unique_ptr<CLI::App> app_;
  std::string config_file_;
  std::map<std::string, std::string> flags_;  // path -> text
  bool check_config_ = false;
  bool print_config_ = false;
};

}  // namespace pennon::base
