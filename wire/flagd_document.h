// Reads flagd's definition format: translates a document into a native one. JSONLogic is taken over
// as it stands, so nothing about targeting is said twice.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/diagnostic.h"
#include "model/value.h"
#include "wire/document.h"

namespace pennon::wire {

/// The native document that means the same. A flag that cannot be translated becomes null, which no
/// reader takes, and has a diagnostic of kError; what flagd's schema forbids but an evaluation has
/// an answer for is a kWarning. Paths in diagnostics are those of the flagd document. Fails when it
/// is no flag set, or a flag's defaultVariant is not one of its variants: then flagd refuses the
/// whole document as well.
base::Result<model::Value> FlagdToNative(const model::Value& document,
                                         const DocumentOptions& options,
                                         std::vector<model::Diagnostic>& diagnostics);

/// Where in a flagd document to look for what a native path names:
/// `flags.x.rules[0].serve.jsonlogic.if[0]` -> `flags.x.targeting.if[0]`.
std::string FlagdPath(std::string_view native_path);

}  // namespace pennon::wire
