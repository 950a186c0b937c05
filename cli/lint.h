// `pennon lint`: what is wrong with flag-set documents, without a daemon.
#pragma once

#include <string>
#include <vector>

namespace pennon::cli {

/// Reads and compiles each file as the daemon and the store would, and prints every finding with
/// file, line and column; with `json` one JSON document. Returns the exit code: 0 without findings.
int Lint(const std::vector<std::string>& files, bool json);

}  // namespace pennon::cli
