// The tests of a condition that compare one value with each operand in turn: all but membership of
// a set and presence, which matcher.h has.
#pragma once

#include "engine/budget.h"
#include "engine/image_view.h"
#include "model/context.h"

namespace pennon::engine {

/// True when `attribute` passes `step.op` for any literal of `set`. An attribute of a type that the
/// operator does not take passes for none.
bool ComparesWithAny(const ImageView& view, const Step& step, const ValueSet& set,
                     const model::Attribute& attribute, Budget& budget);

}  // namespace pennon::engine
