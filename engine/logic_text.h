// The operators that make or search text.
#pragma once

#include "engine/logic_evaluator.h"

namespace pennon::engine {

bool ContainsText(LogicEvaluator& evaluator, std::string_view text, std::string_view part);
/// `cat`
LogicValue Concatenation(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data);
/// `substr`: of UTF-16 units, as JavaScript counts; a character is never cut in two.
LogicValue Substring(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data);

}  // namespace pennon::engine
