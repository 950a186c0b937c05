// pennon-store: the command line.
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

#include "base/version.h"
#include "store/commands.h"
#include "store/store.h"
#include "store/store_config.h"

namespace {

using namespace pennon;

constexpr int kFailure = 1;
constexpr int kUsage = 2;
constexpr int kConfiguration = 78;

int Complain(const std::string& message, int exit_code) {
  std::cerr << "pennon-store: " << message << '\n';
  return exit_code;
}

struct Arguments {
  std::string config_file;
  std::map<std::string, std::string> settings;  // path -> text
  bool check_config = false;
  bool print_config = false;
  bool serve = false;
  bool init = false;
  bool import = false;
  store::InitCommand init_command;
  store::ImportCommand import_command;
};

void Describe(CLI::App& app, const base::Settings& settings, Arguments& arguments) {
  app.set_version_flag("--version", "pennon-store " + std::string(base::Version()));
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.add_option("--config", arguments.config_file, "the configuration file (YAML)");
  app.add_flag("--check-config", arguments.check_config, "check the configuration and exit");
  app.add_flag("--print-config", arguments.print_config,
               "print the configuration in force, with where each value is from, and exit");
  for (const base::Settings::Setting& setting : settings.all()) {
    app.add_option(base::FlagName(setting.path), arguments.settings[setting.path],
                   setting.description)
        ->group("Settings");
  }
  app.add_subcommand("serve", "serve the API, the sync feed and evaluations")->callback([&] {
    arguments.serve = true;
  });
  CLI::App* init = app.add_subcommand("init", "create the database and the first admin token");
  init->callback([&] { arguments.init = true; });
  init->add_option("--token-file", arguments.init_command.token_file,
                   "write the token to this new file (mode 0600) instead of printing it");
  CLI::App* import = app.add_subcommand("import", "load a native flag-set document");
  import->callback([&] { arguments.import = true;
});
import->add_option("file", arguments.import_command.file, "the document (JSON)")->required();
import->add_option("--environment", arguments.import_command.environment,
                   "load into this environment instead of the one that the document names");
import->add_option("--sync-key-file", arguments.import_command.sync_key_file,
                   "make a sync key for the environment and write it to this new file");
}  // namespace

int Run(Arguments& arguments, const store::StoreConfig& config) {
  base::Result<void> done;
  if (arguments.init) {
    arguments.init_command.database_path = config.database_path;
    done = store::RunInit(arguments.init_command, std::cout);
  } else if (arguments.import) {
    arguments.import_command.database_path = config.database_path;
    done = store::RunImport(arguments.import_command, std::cout);
  } else {
    base::Logger log(*base::ParseLogLevel(config.log_level),
                     *base::ParseLogFormat(config.log_format));
    done = store::Serve(config, log);
  }
  return done ? 0 : Complain(done.error().Message(), kFailure);
}

int Main(int argc, char** argv, char** environment) {
  store::StoreConfig config;
  base::Settings settings = store::StoreSettings(config);
  Arguments arguments;
  CLI::App app("pennon-store keeps the flags of all environments and serves them.", "pennon-store");
  Describe(app, settings, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::Error& error) {
    return Complain(std::string(error.what()) + "; see pennon-store --help", kUsage);
  }
  const auto read = store::ReadStoreConfig(settings, arguments.config_file, environment);
  if (!read) return Complain(read.error().Message(), kConfiguration);
  for (const auto& [path, text] : arguments.settings) {
    const std::string flag = base::FlagName(path);
    if (app.count(flag) == 0) continue;
    const auto set = settings.Set(path, text, flag);
    if (!set) return Complain(set.error().Message(), kUsage);
  }
  const auto valid = store::CheckStoreConfig(config, settings);
  if (!valid) return Complain(valid.error().Message(), kConfiguration);
  if (arguments.print_config) std::cout << settings.Print();
  if (arguments.check_config && !arguments.print_config) std::cout << "the configuration is fine\n";
  if (arguments.print_config || arguments.check_config) return 0;
  if (!arguments.serve && !arguments.init && !arguments.import) {
    return Complain("expected a command: serve, init or import; see pennon-store --help", kUsage);
  }
  return Run(arguments, config);
}

}  // namespace

int main(int argc, char** argv, char** environment) {
  try {
    return Main(argc, argv, environment);
  } catch (const std::exception& error) {
    return Complain(std::string("failed: ") + error.what(), kFailure);
  }
}
