// What a compiler or a reader has to say about a definition.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace pennon::model {

enum class Severity : std::uint8_t { kWarning, kError };

/// `error.where()` is the path inside the document: `flags.checkout.rules[2].serve.variant`.
/// An error means that the flag is quarantined.
struct Diagnostic {
  Severity severity = Severity::kError;
  std::string flag;  // the flag or segment it is about
  base::Error error;
};

}  // namespace pennon::model
