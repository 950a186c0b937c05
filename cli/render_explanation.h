// An explained evaluation as a person likes to read it.
#pragma once

#include <string>

#include "model/value.h"

namespace pennon::cli {

/// `explanation` is what wire/explanation_json.h writes. The answer, then one line for each step,
/// indented as they lie inside each other.
std::string RenderExplanation(const model::Value& explanation);

}  // namespace pennon::cli
