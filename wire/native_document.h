// A whole native flag-set document: {"environment", "flags": {key: definition}, "segments": {…}}.
#pragma once

#include <string_view>

#include "base/result.h"
#include "model/flag_set.h"

namespace pennon::wire {

/// Reads a document in JSON; of its definitions one at a time is in memory as JSON. A definition
/// that cannot be read goes to `broken_flags` or `broken_segments`; only a document that is no flag
/// set at all is an error.
base::Result<model::FlagSet> ReadNativeDocument(std::string_view text);
/// The same of JSON that was read already.
base::Result<model::FlagSet> ReadNativeValue(const model::Value& document);

}  // namespace pennon::wire
