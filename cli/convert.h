// `pennon convert`: the native document that a document of any format stands for.
#pragma once

#include <string>

#include "wire/document.h"

namespace pennon::cli {

/// Prints the native document of `file` ("-": standard input) on standard output, in the order in
/// which it was given, and on standard error what could not be converted or does not compile.
/// Returns the exit code: 0 without errors.
int Convert(const std::string& file, const wire::DocumentOptions& options);

}  // namespace pennon::cli
