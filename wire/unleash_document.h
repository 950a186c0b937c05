// Reads Unleash's definition format: the body of /api/client/features, or of /api/client/delta from
// its hydration on. docs/evaluation.md says what becomes what.
#pragma once

#include <vector>

#include "base/result.h"
#include "model/diagnostic.h"
#include "model/value.h"
#include "wire/document.h"

namespace pennon::wire {

/// The native document that means the same. A feature that cannot be read becomes null, which no
/// reader takes, and has a diagnostic of kError; a strategy that cannot be read is for nobody and
/// has a kWarning. Paths in diagnostics are those of the native document, down to the flag. Fails
/// when it is no body of Unleash's.
base::Result<model::Value> UnleashToNative(const model::Value& body, const DocumentOptions& options,
                                           std::vector<model::Diagnostic>& diagnostics);

}  // namespace pennon::wire
