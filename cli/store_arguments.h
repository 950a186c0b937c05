// The store's commands on the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <utility>
#include <vector>

#include "cli/store_commands.h"

namespace pennon::cli {

/// What is to be run when the command was given.
using Runner = std::pair<const CLI::App*, std::function<int()>>;

/// Adds login, flag, segment, env, audit, import and export; borrows `arguments`.
void AddStoreCommands(CLI::App& app, StoreArguments& arguments, std::vector<Runner>& runners);

}  // namespace pennon::cli
