// The operators on single values: comparison, arithmetic, text.
#pragma once

#include "engine/logic_evaluator.h"

namespace pennon::engine {

LogicValue Operation(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data);
/// `in` a constant list.
LogicValue IsInSet(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data);

}  // namespace pennon::engine
