// What a command is given to read: documents in files or on standard input, and secrets.
#pragma once

#include <string>

#include "base/result.h"

namespace pennon::cli {

/// The contents of `file`, or of standard input when it is "-", up to 256 MiB.
base::Result<std::string> ReadInput(const std::string& file);
/// "-" as a person likes to read it.
std::string NameOfInput(const std::string& file);
/// One line of standard input, up to 4 KiB, without the blanks around it: printable ASCII without
/// spaces, as tokens are. On a terminal it is asked for by `name`, and what is typed is not shown.
base::Result<std::string> ReadSecret(const std::string& name);

}  // namespace pennon::cli
