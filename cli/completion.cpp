#include "cli/completion.h"

namespace pennon::cli {
namespace {

std::string OptionsOf(const CLI::App& app) {
  std::string words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words += " --" + name;
  }
  return words;
}

std::string CommandsOf(const CLI::App& app) {
  std::string words;
  for (const CLI::App* command : app.get_subcommands({})) words += ' ' + command->get_name();
  return words;
}

// Bash; zsh understands it by its own bashcompinit.
std::string Bash(const CLI::App& app) {
  std::string cases;
  for (const CLI::App* command : app.get_subcommands({})) {
    for (const CLI::App* inner : command->get_subcommands({})) {
      cases += "    '" + command->get_name() + ' ' + inner->get_name() + "') words='" +
               OptionsOf(*inner) + "';;\n";
    }
    cases += "    '" + command->get_name() + "'*) words='" + CommandsOf(*command) +
             OptionsOf(*command) + "';;\n";
  }
  return "_pennon() {\n"
         "  local word commands= words\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case $word in -*) ;; *) commands=\"${commands:+$commands }$word\";; esac\n"
         "  done\n"
         "  case $commands in\n" +
         cases + "    *) words='" + CommandsOf(app) +
         "';;\n"
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words" +
         OptionsOf(app) +
         "\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "
         "\"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -F _pennon pennon\n";
}

std::string Quoted(std::string text) {
  for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 2) {
    text.insert(at, "\\");
  }
  return '\'' + text + '\'';
}

std::string Fish(const CLI::App& app) {
  std::string script;
  const auto add_options = [&](const CLI::App& command, const std::string& when) {
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& name : option->get_lnames()) {
        script += "complete -c pennon" + when + " -l " + name + " -d " +
                  Quoted(option->get_description()) + '\n';
      }
    }
  };
  add_options(app, "");
  for (const CLI::App* command : app.get_subcommands({})) {
    script += "complete -c pennon -n __fish_use_subcommand -f -a " + command->get_name() + " -d " +
              Quoted(command->get_description()) + '\n';
    const std::string seen = "__fish_seen_subcommand_from " + command->get_name();
    add_options(*command, " -n '" + seen + '\'');
    for (const CLI::App* inner : command->get_subcommands({})) {
      script += "complete -c pennon -n '" + seen + "' -f -a " + inner->get_name() + " -d " +
                Quoted(inner->get_description()) + '\n';
      add_options(*inner,
                  " -n '" + seen + "; and __fish_seen_subcommand_from " + inner->get_name() + '\'');
    }
  }
  return script;
}

}  // namespace

std::string CompletionScript(const CLI::App& app, const std::string& shell) {
  if (shell == "fish") return Fish(app);
  if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + Bash(app);
  return Bash(app);
}

}  // namespace pennon::cli
