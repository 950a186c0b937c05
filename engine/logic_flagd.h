// The operators that flagd adds to JSONLogic. On bad input their result is null, never an error.
#pragma once

#include "engine/logic_evaluator.h"

namespace pennon::engine {

/// `fractional`, in the generation that the node's option names.
LogicValue Fractional(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data);
/// `sem_ver`
LogicValue CompareVersions(LogicEvaluator& evaluator, const LogicNode& node,
                           const LogicValue& data);
/// `starts_with` and `ends_with`
LogicValue HasAffix(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data);

}  // namespace pennon::engine
