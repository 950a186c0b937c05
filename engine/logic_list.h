// The operators that go through lists or look for what is missing.
#pragma once

#include "engine/logic_evaluator.h"

namespace pennon::engine {

/// map, reduce, filter, all, none, some, merge, missing, missing_some.
LogicValue ListOperation(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data);

}  // namespace pennon::engine
