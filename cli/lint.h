// `pennon lint`: what is wrong with flag-set documents, without a daemon.
#pragma once

#include <string>
#include <vector>

#include "wire/document.h"

namespace pennon::cli {

/// Reads and compiles each file ("-": standard input) as the daemon and the store would, and prints
/// every finding with file, line and column; with `json` one JSON document. Returns the exit code:
/// 0 without errors.
int Lint(const std::vector<std::string>& files, const wire::DocumentOptions& options, bool json);

}  // namespace pennon::cli
