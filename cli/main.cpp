// pennon: the command line for people, probes and scripts.
#include <CLI/CLI.hpp>
#include <iostream>

#include "base/command_line.h"
#include "base/standard_streams.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/convert.h"
#include "cli/diff.h"
#include "cli/explain.h"
#include "cli/lint.h"
#include "cli/orders.h"
#include "cli/store_arguments.h"

namespace {

using namespace pennon;

void AddContextOptions(CLI::App& command, cli::EvalArguments& arguments) {
  command.add_option("-k,--key", arguments.targeting_key, "the targeting key");
  command.add_option("-a,--attribute", arguments.attributes,
                     "an attribute as name=value; may be repeated");
  command.add_option("--context", arguments.context_json, "all attributes as a JSON object");
}

struct FormatOptions {
  std::string format = "native";
  int fractional = 2;
};

void AddFormatOption(CLI::App& command, FormatOptions& options) {
  command.add_option("--from", options.format, "the document's format")
      ->check(CLI::IsMember({"native", "flagd", "unleash"}))
      ->capture_default_str();
  command.add_option("--fractional", options.fractional, "the generation of flagd's fractional")
      ->check(CLI::Range(1, 3))
      ->capture_default_str();
}

// What an order reads or writes may be large: unless --timeout says otherwise.
constexpr std::int64_t kOrderMillis = 10'000;

int Main(int argc, char** argv) {
  client::ClientOptions options;
  options.name = "pennon";
  options.timeout_millis = 1'000;
  cli::EvalArguments arguments;
  bool json = false;

  CLI::App app("pennon asks the pennond of this host about flags, and the store to change them.",
               "pennon");
  app.set_version_flag("--version", "pennon " + std::string(base::Version()));
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--socket", options.socket_path, "the daemon's Unix socket")
      ->envname("PENNON_SOCKET")
      ->capture_default_str();
  app.add_option("--environment", options.environment, "the environment that is meant")
      ->envname("PENNON_ENVIRONMENT");
  const CLI::Option* const timeout =
      app.add_option("--timeout", options.timeout_millis, "deadline in milliseconds")
          ->check(CLI::Range(1, 600'000))
          ->capture_default_str();
  app.add_flag("--json", json, "print JSON");

  CLI::App* eval = app.add_subcommand("eval", "evaluate one flag");
  eval->add_option("flag", arguments.flag, "the flag's key")->required();
  AddContextOptions(*eval, arguments);
  CLI::App* flags = app.add_subcommand("flags", "evaluate all flags");
  AddContextOptions(*flags, arguments);
  FormatOptions format;
  cli::ExplainArguments explanation;
  CLI::App* explain = app.add_subcommand("explain", "say why a flag is what it is, rule by rule");
  explain->add_option("flag", arguments.flag, "the flag's key")->required();
  AddContextOptions(*explain, arguments);
  explain->add_option("--file", explanation.file,
                      "ask this document, JSON or YAML, instead of the daemon; -: standard input");
  AddFormatOption(*explain, format);
  explain->add_option("--now", explanation.now, "with --file: the instant, RFC 3339; default now")
      ->needs("--file");
  const CLI::App* status = app.add_subcommand("status", "show what the daemon serves from");
  const CLI::App* health = app.add_subcommand("health", "exit 0 when the daemon answers");
  app.add_subcommand("ready", "exit 0 when the daemon has flags to serve");
  std::vector<std::string> files;
  CLI::App* lint = app.add_subcommand("lint", "check flag-set documents, without a daemon");
  lint->add_option("file", files, "JSON or YAML; -: standard input")->required();
  AddFormatOption(*lint, format);
  std::string file;
  std::string to = "native";
  CLI::App* convert =
      app.add_subcommand("convert", "print a document of any format as a native one");
  convert->add_option("file", file, "JSON or YAML; -: standard input")->required();
  AddFormatOption(*convert, format);
  convert->add_option("--to", to, "the format to print")
      ->check(CLI::IsMember({"native"}))
      ->capture_default_str();
  cli::DiffArguments difference;
  CLI::App* diff =
      app.add_subcommand("diff", "say which flags, and whose answers, two sets differ in");
  diff->add_option("before", difference.before,
                   "a document; -: standard input; store: the environment there; live: the daemon")
      ->required();
  diff->add_option("after", difference.after, "likewise")->required();
  diff->add_option("--contexts", difference.contexts,
                   "contexts to ask both for: a JSON array, or a JSON object in each line");
  diff->add_flag("--exit-code", difference.sets_exit_code, "exit 1 when something differs");
  AddFormatOption(*diff, format);
  std::vector<cli::Runner> runners;
  std::string argument;
  const auto add_order = [&](const char* verb, const char* what, const char* takes) {
    CLI::App* const order = app.add_subcommand(verb, what);
    if (takes != nullptr) order->add_option(takes, argument, "which one; the obvious one if none");
    runners.emplace_back(order, [&, verb] {
      client::ClientOptions patient = options;
      if (timeout->empty()) patient.timeout_millis = kOrderMillis;
      client::Client client(patient);
      return cli::GiveOrder(client, verb, argument, json);
    });
  };
  add_order("generations", "list the flag sets that the daemon keeps", nullptr);
  add_order("rollback", "serve an earlier flag set until there is a newer one", "generation");
  add_order("pin", "keep serving a flag set, whatever the upstream has", "generation");
  add_order("unpin", "end that", nullptr);
  add_order("accept", "take the flag set that was held back", "revision");
  add_order("reload", "make the daemon read its configuration again", nullptr);
  std::int64_t count = 0;
  CLI::App* const watch = app.add_subcommand("watch", "print changes as they come");
  watch->add_option("--count", count, "end after so many")->check(CLI::Range(1, 1'000'000));
  runners.emplace_back(watch, [&] { return cli::Watch(options, count, json); });
  cli::StoreArguments store;
  cli::AddStoreCommands(app, store, runners);
  std::string shell;
  CLI::App* const completion = app.add_subcommand(
      "completion", "print what your shell needs: source <(pennon completion bash)");
  completion->add_option("shell", shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  runners.emplace_back(completion, [&] {
    std::cout << cli::CompletionScript(app, shell);
    return 0;
  });
  try {
    app.parse(base::ArgumentsOf(argc, argv));
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::Error& error) {
    std::cerr << "pennon: " << error.what() << "; see pennon --help\n";
    return cli::kExitUsage;
  }
  store.json = json;
  if (!options.environment.empty()) store.environment = options.environment;
  for (const auto& [command, run] : runners) {
    if (command->parsed()) return run();
  }
  wire::DocumentOptions document;
  document.format = *wire::ParseDocumentFormat(format.format);
  document.fractional = format.fractional;
  if (!options.environment.empty()) document.environment = options.environment;
  explanation.document = document;
  difference.places = {options, store.environment, document};
  if (diff->parsed()) return cli::Diff(difference, json);
  if (lint->parsed()) return cli::Lint(files, document, json);
  if (convert->parsed()) return cli::Convert(file, document);
  if (explain->parsed()) return cli::Explain(options, arguments, explanation, json);
  client::Client client(options);
  if (eval->parsed()) return cli::Eval(client, arguments, json);
  if (flags->parsed()) return cli::Flags(client, arguments, json);
  if (status->parsed()) return cli::Status(client, options.environment, json);
  if (health->parsed()) return cli::Health(client, json);
  return cli::Ready(client, options.environment, json);
}

}  // namespace

int main(int argc, char** argv) {
  base::OpenStandardStreams();
  try {
    return base::FinishOutput("pennon", Main(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "pennon: failed: " << error.what() << '\n';
    return cli::kExitFailure;
  }
}
