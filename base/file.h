// Whole small files: configuration, credentials, bootstrap flag sets.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace pennon::base {

/// Reads a regular file of at most `max_bytes`. Errors name the path.
/// Never to be used on a SQLite database: closing the descriptor drops its locks.
Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes);

/// The same for a file that holds a secret: refused when everybody may read it.
Result<std::string> ReadSecretFile(const std::string& path, std::size_t max_bytes);

/// Reads a secret from the first line of a file: at most 4 KiB, not empty, surrounding white space
/// removed, and refused when others may read the file.
Result<std::string> ReadSecret(const std::string& path);

}  // namespace pennon::base
