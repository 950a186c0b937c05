#include "base/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "base/version.h"

namespace pennon::base {
int Complain(std::string_view program, const std::string& message, int exit_code) {
  std::cerr << program << ": " << message << '\n';
  return exit_code;
}

std::vector<std::string> ArgumentsOf(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  bool has_options = true;  // up to --
  for (int i = 1; i < argc; ++i) {
    std::string argument(argv[i]);
    has_options = has_options && argument != "--";
    const bool is_empty = has_options && argument.starts_with("--") && argument.size() > 3 &&
                          argument.find('=') == argument.size() - 1;
    if (is_empty) argument.pop_back();
    arguments.push_back(std::move(argument));
    if (is_empty) arguments.emplace_back();
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

CommandLine::CommandLine(std::string program, std::string description,
                         std::string environment_prefix, Settings& settings)
    : program_(std::move(program)),
      environment_prefix_(std::move(environment_prefix)),
      settings_(settings),
      app_(std::make_unique<CLI::App>(std::move(description), program_)) {
  app_->set_version_flag("--version", program_ + ' ' + std::string(Version()));
  app_->fallthrough();
  app_->add_option("--config", config_file_, "the configuration file (YAML)");
  app_->add_flag("--check-config", check_config_, "check the configuration and exit");
  app_->add_flag("--print-config", print_config_,
                 "print the configuration in force, with where each value is from, and exit");
  for (const Settings::Setting& setting : settings_.all()) {
    if (std::holds_alternative<ScalarMap*>(setting.target)) continue;
    app_->add_option(FlagName(setting.path), flags_[setting.path], setting.description)
        ->group("Settings")
        ->take_last();
  }
}

CommandLine::~CommandLine() = default;

std::optional<int> CommandLine::Read(int argc, char** argv, char** environment,
                                     const std::function<Result<void>()>& check) {
  try {
    app_->parse(ArgumentsOf(argc, argv));
  } catch (const CLI::Success& asked) {  // --help, --version
    return app_->exit(asked);
  } catch (const CLI::Error& error) {
    return Complain(program_, std::string(error.what()) + "; see " + program_ + " --help",
                    kExitUsage);
  }
  const auto read =
      settings_.ReadFileAndEnvironment(config_file_, environment_prefix_, environment);
  if (!read) {
    return Complain(program_, read.error().Message(), kExitConfiguration);
  }
  if (const auto set = SetFlags(settings_); !set) {
    return Complain(program_, set.error().Message(), kExitUsage);
  }
  if (print_config_) std::cout << settings_.PrintMasked();
  if (const auto valid = check(); !valid) {
    return Complain(program_, settings_.Located(valid.error()).Message(), kExitConfiguration);
  }
  if (check_config_ && !print_config_) std::cout << "the configuration is fine\n";
  if (check_config_ || print_config_) return 0;
  return std::nullopt;
}

Result<void> CommandLine::SetFlags(Settings& settings) const {
  for (const auto& [path, text] : flags_) {
    if (app_->count(FlagName(path)) == 0) continue;
    if (auto set = settings.Set(path, text, FlagName(path)); !set) return set;
  }
  return {};
}

Result<void> CommandLine::ReadAgain(Settings& settings, char* const* environment) const {
  auto read = settings.ReadFileAndEnvironment(config_file_, environment_prefix_, environment);
  if (!read) return read;
  return SetFlags(settings);
}

}  // namespace pennon::base
