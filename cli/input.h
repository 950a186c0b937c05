// Documents that a command is given: files, or standard input.
#pragma once

#include <string>

#include "base/result.h"

namespace pennon::cli {

/// The contents of `file`, or of standard input when it is "-", up to 256 MiB.
base::Result<std::string> ReadInput(const std::string& file);
/// "-" as a person likes to read it.
std::string NameOfInput(const std::string& file);

}  // namespace pennon::cli
