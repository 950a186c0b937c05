// Completion of commands and options in bash, zsh and fish, made from what the command line knows.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace pennon::cli {

/// A script for the shell ("bash", "zsh" or "fish") to be read by it.
std::string CompletionScript(const CLI::App& app, const std::string& shell);

}  // namespace pennon::cli
