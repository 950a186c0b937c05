// pennon-store: the command line.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <new>

#include "base/command_line.h"
#include "base/core_dumps.h"
#include "base/out_of_memory.h"
#include "base/standard_streams.h"
#include "store/commands.h"
#include "store/maintenance.h"
#include "store/store.h"
#include "store/store_config.h"

namespace {

using namespace pennon;

constexpr std::string_view kProgram = "pennon-store";

struct Commands {
  const CLI::App* serve = nullptr;
  const CLI::App* init = nullptr;
  const CLI::App* import = nullptr;
  const CLI::App* invite = nullptr;
  const CLI::App* backup = nullptr;
  const CLI::App* restore = nullptr;
  const CLI::App* verify = nullptr;
  std::string head;
  const CLI::App* migrate = nullptr;
  const CLI::App* keygen = nullptr;
  store::InitCommand init_command;
  store::ImportCommand import_command;
  store::InviteCommand invite_command;
  std::string file;
};

const CLI::App* DescribeFile(CLI::App& app, const char* name, const char* what, std::string& file) {
  CLI::App* command = app.add_subcommand(name, what);
  command->add_option("file", file, "the file")->required();
  return command;
}

void Describe(CLI::App& app, Commands& commands) {
  app.require_subcommand(0, 1);
  commands.serve = app.add_subcommand("serve", "serve the API, the sync feed and evaluations");
  CLI::App* init = app.add_subcommand("init", "create the database and the first admin token");
  init->add_option("--token-file", commands.init_command.token_file,
                   "write the token to this new file (mode 0600) instead of printing it");
  commands.init = init;
  CLI::App* import = app.add_subcommand("import", "load a flag-set document");
  import->add_option("file", commands.import_command.file, "the document, JSON or YAML")
      ->required();
  import
      ->add_option("--from", commands.import_command.format, "its format: native, flagd or unleash")
      ->check(CLI::IsMember({"native", "flagd", "unleash"}))
      ->capture_default_str();
  import->add_option("--environment", commands.import_command.environment,
                     "load into this environment instead of the one that the document names");
  import->add_option("-m,--comment", commands.import_command.comment,
                     "why, for the audit log; a protected environment wants it");
  import->add_option("--sync-key-file", commands.import_command.sync_key_file,
                     "make a sync key for the environment and write it to this new file");
  commands.import = import;
  CLI::App* invite = app.add_subcommand("invite", "let somebody set a password to sign in with");
  invite->add_option("user", commands.invite_command.user, "who signs in")->required();
  invite
      ->add_option("--role", commands.invite_command.role,
                   "of a user that is new: none, viewer, editor or admin")
      ->capture_default_str();
  commands.invite = invite;
  commands.backup =
      DescribeFile(app, "backup", "write all of the database to a new file", commands.file);
  commands.restore =
      DescribeFile(app, "restore", "fill an empty database from a backup", commands.file);
  commands.keygen = DescribeFile(app, "keygen", "make a key to sign flag sets with", commands.file);
  CLI::App* const verify = app.add_subcommand("verify", "check the audit log and all definitions");
  verify->add_option("--head", commands.head,
                     "the head that an earlier verify printed: finds a log that was cut off or "
                     "written anew since");
  commands.verify = verify;
  commands.migrate = app.add_subcommand("migrate", "bring the database to this program's schema");
}

base::Result<void> Run(Commands& commands, const store::StoreConfig& config) {
  if (commands.init->parsed()) {
    commands.init_command.database = config.database;
    return store::RunInit(commands.init_command, std::cout);
  }
  if (commands.import->parsed()) {
    commands.import_command.database = config.database;
    return store::RunImport(commands.import_command, std::cout);
  }
  if (commands.invite->parsed()) {
    commands.invite_command.database = config.database;
    return store::RunInvite(commands.invite_command, std::cout);
  }
  if (commands.backup->parsed()) {
    return store::RunBackup(config.database, commands.file, std::cout);
  }
  if (commands.restore->parsed()) {
    return store::RunRestore(config.database, commands.file, std::cout);
  }
  if (commands.keygen->parsed()) return store::RunKeygen(commands.file, std::cout);
  if (commands.verify->parsed()) return store::RunVerify(config.database, commands.head, std::cout);
  return store::RunMigrate(config.database, std::cout);
}

int Serve(const store::StoreConfig& config, const store::Reread& reread) {
  base::Logger log(*base::ParseLogLevel(config.log_level),
                   *base::ParseLogFormat(config.log_format));
  auto keys = store::ReadKeys(config);
  if (!keys) {
    return base::Complain(kProgram, keys.error().Message(), base::kExitConfiguration);
  }
  const auto done = store::Serve(config, *std::move(keys), reread, log);
  return done ? 0 : base::Complain(kProgram, done.error().Message(), base::kExitFailure);
}

int Main(int argc, char** argv, char** environment) {
  base::PrepareForLittleMemory(kProgram);
  store::StoreConfig config;
  base::Settings settings = store::StoreSettings(config);
  Commands commands;
  base::CommandLine command_line(
      std::string(kProgram), "pennon-store keeps the flags of all environments and serves them.",
      "PENNON_STORE", settings);
  Describe(command_line.app(), commands);
  const auto ended = command_line.Read(argc, argv, environment,
                                       [&] { return store::CheckStoreConfig(config, settings); });
  if (ended) return *ended;
  if (!config.core_dumps) base::ForbidCoreDumps();
  if (command_line.app().get_subcommands().empty()) {
    return base::Complain(kProgram, "expected a command, such as serve or init; see --help",
                          base::kExitUsage);
  }
  const auto reread = [&](store::StoreConfig& fresh) -> base::Result<std::vector<std::string>> {
    const base::Settings now = store::StoreSettings(config);
    base::Settings again = store::StoreSettings(fresh);
    auto read = command_line.ReadAgain(again, environment).and_then([&] {
      return store::CheckStoreConfig(fresh, again);
    });
    if (!read) return base::Fail(read.error());
    return again.ChangedSince(now);
  };
  if (commands.serve->parsed()) return Serve(config, reread);
  const auto done = Run(commands, config);
  return done ? 0 : base::Complain(kProgram, done.error().Message(), base::kExitFailure);
}

}  // namespace

int main(int argc, char** argv, char** environment) {
  base::OpenStandardStreams();
  try {
    return base::FinishOutput(kProgram, Main(argc, argv, environment));
  } catch (const std::bad_alloc&) {
    std::terminate();  // which says so without an allocation
  } catch (const std::exception& error) {
    return base::Complain(kProgram, std::string("failed: ") + error.what(), base::kExitFailure);
  }
}
