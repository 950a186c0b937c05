// An explained evaluation as JSON: what the daemon sends for `pennon explain`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/evaluation.h"
#include "model/explanation.h"

namespace pennon::wire {

/// {"evaluation": OFREP's object, "steps": [{"kind","depth","held","name"?,"index"?,"test"?,
/// "found"?,"variant"?,"place"?}], "cut": true when steps were left out}.
void AppendExplanation(std::string& out, std::string_view key, const model::Evaluation& evaluation,
                       const std::vector<model::ExplanationStep>& steps, bool is_cut);

}  // namespace pennon::wire
