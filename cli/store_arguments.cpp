#include "cli/store_arguments.h"

#include <memory>

namespace pennon::cli {
namespace {

using Command = int (*)(const StoreArguments&);

class Adder {
 public:
  Adder(StoreArguments& arguments, std::vector<Runner>& runners)
      : arguments_(arguments), runners_(runners) {}

  CLI::App* Add(CLI::App& parent, const char* name, const char* what, Command command) {
    return AddRun(parent, name, what,
                  [this_arguments = &arguments_, command] { return command(*this_arguments); });
  }
  CLI::App* AddRun(CLI::App& parent, const char* name, const char* what, std::function<int()> run) {
    CLI::App* const added = parent.add_subcommand(name, what);
    runners_.emplace_back(added, std::move(run));
    return added;
  }
  void Key(CLI::App* command, const char* what, bool is_required = true) {
    command->add_option("key", arguments_.key, what)->required(is_required);
  }
  void Change(CLI::App* command) {
    command->add_option("-m,--comment", arguments_.comment, "why, for the audit log");
    command->add_flag("--dry-run", arguments_.is_dry_run, "answer, and change nothing");
  }
  void Limit(CLI::App* command) {
    command->add_option("--limit", arguments_.limit, "how many")->check(CLI::Range(1, 500));
  }

 private:
  StoreArguments& arguments_;
  std::vector<Runner>& runners_;
};

void AddFlagCommands(CLI::App& app, StoreArguments& arguments, Adder& adder) {
  CLI::App* const flag = app.add_subcommand("flag", "the store's flags");
  flag->require_subcommand(1);
  adder.Limit(adder.Add(*flag, "list", "list them", FlagList));
  adder.Key(adder.Add(*flag, "get", "show one's configuration in the environment", FlagGet),
            "the flag");
  CLI::App* const create = adder.Add(*flag, "create", "make one; it is off everywhere", FlagCreate);
  adder.Key(create, "the new flag");
  create->add_option("--type", arguments.type, "of its values")
      ->check(CLI::IsMember({"boolean", "string", "integer", "number", "object"}))
      ->capture_default_str();
  create->add_option("--variant", arguments.variants, "key=value; may be repeated");
  adder.Change(create);
  const auto add_switch = [&](const char* name, const char* what, const char* kind) {
    CLI::App* const added =
        adder.AddRun(*flag, name, what, [&arguments, kind] { return FlagSwitch(arguments, kind); });
    adder.Key(added, "the flag");
    adder.Change(added);
  };
  add_switch("on", "switch it on in the environment", "turnOn");
  add_switch("off", "switch it off in the environment", "turnOff");
  add_switch("kill", "off, whatever the rules say, at once", "kill");
  add_switch("unkill", "end that", "unkill");
  CLI::App* const rollout =
      adder.Add(*flag, "rollout", "split whom no rule matches: on=25 off=75", FlagRollout);
  adder.Key(rollout, "the flag");
  rollout->add_option("weights", arguments.values, "variant=percent, 100 together")->required();
  adder.Change(rollout);
  CLI::App* const target = adder.Add(*flag, "target", "serve a variant to these", FlagTarget);
  adder.Key(target, "the flag");
  target->add_option("variant", arguments.variant, "the variant")->required();
  target->add_option("targets", arguments.values, "targeting keys")->required();
  adder.Change(target);
}

void AddSegmentCommands(CLI::App& app, StoreArguments& arguments, Adder& adder) {
  CLI::App* const segment = app.add_subcommand("segment", "the store's segments");
  segment->require_subcommand(1);
  adder.Limit(adder.Add(*segment, "list", "list them", SegmentList));
  adder.Key(adder.Add(*segment, "get", "show one", SegmentGet), "the segment");
  CLI::App* const set = adder.Add(*segment, "set", "make or replace one", SegmentSet);
  adder.Key(set, "the segment");
  set->add_option("file", arguments.file, "its definition as JSON; -: standard input")->required();
  adder.Change(set);
  CLI::App* const remove = adder.Add(*segment, "delete", "delete one", SegmentDelete);
  adder.Key(remove, "the segment");
  adder.Change(remove);
}

}  // namespace

void AddStoreCommands(CLI::App& app, StoreArguments& arguments, std::vector<Runner>& runners) {
  Adder adder(arguments, runners);
  const auto url = std::make_shared<std::string>();
  const auto ca_file = std::make_shared<std::string>();
  CLI::App* const login =
      adder.AddRun(app, "login", "sign in to a store; the token is read from standard input",
                   [url, ca_file] { return Login(*url, *ca_file); });
  login->add_option("url", *url, "such as http://127.0.0.1:8017")->required();
  login->add_option("--ca-file", *ca_file, "certificates to trust");
  AddFlagCommands(app, arguments, adder);
  AddSegmentCommands(app, arguments, adder);
  CLI::App* const env = app.add_subcommand("env", "the store's environments");
  env->require_subcommand(1);
  adder.Add(*env, "list", "list them", EnvironmentList);
  adder.Key(adder.Add(*env, "create", "make one", EnvironmentCreate), "the new environment");
  CLI::App* const audit = adder.Add(app, "audit", "who changed what", Audit);
  adder.Limit(audit);
  adder.Key(audit, "only about this flag or segment", false);
  CLI::App* const import =
      adder.Add(app, "import", "put a document's flags into the store", Import);
  import->add_option("file", arguments.file, "JSON or YAML; -: standard input")->required();
  import->add_option("--from", arguments.format, "the document's format")
      ->check(CLI::IsMember({"native", "flagd", "unleash"}));
  adder.Change(import);
  adder.Add(app, "export", "print the environment's flags as a native document", Export);
}

}  // namespace pennon::cli
