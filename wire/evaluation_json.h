// Evaluations as JSON: OFREP's success and failure objects, and /evaluate's entries.
#pragma once

#include <string>
#include <string_view>

#include "model/evaluation.h"

namespace pennon::wire {

/// {"key","value"?,"reason","variant","metadata"} or {"key","errorCode","errorDetails","metadata"}.
/// `value` is absent when the caller's default is to be used; `variant` is "" then.
void AppendOfrepEvaluation(std::string& out, std::string_view key,
                           const model::Evaluation& evaluation);

/// {"value"?,"variant","reason","errorCode"?,"errorDetails"?,"source","metadata"}; `caller_default`
/// is JSON text or "", and becomes the value when the evaluation has none.
void AppendEvaluationEntry(std::string& out, const model::Evaluation& evaluation,
                           std::string_view source, std::string_view caller_default);

/// The metadata of an answer: the flag's own, then pennon's (`pennon.kind`, `pennon.ruleId`, …).
void AppendMetadata(std::string& out, const model::Evaluation& evaluation);

}  // namespace pennon::wire
