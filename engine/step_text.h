// What an image's records mean, in words: for explanations.
#pragma once

#include <string>

#include "engine/image_view.h"
#include "model/context.h"

namespace pennon::engine {

/// At most so many of a set's values are shown.
inline constexpr std::size_t kMaxShownValues = 3;

/// `plan`, `/company/plan`.
std::string AttributeText(const ImageView& view, const AttributeRef& attribute);
/// Several of them: `targetingKey, sessionId`.
std::string AttributesText(const ImageView& view, Range attributes);
/// The kind of what was found: `string`, `null`, `missing`.
std::string FoundText(const model::Attribute* found);
/// `in "CA", "CB" and 2 more`; `op` says what the literals mean.
std::string SetText(const ImageView& view, StepOp op, const ValueSet& set);
/// Operator and values of a test of an attribute, as a definition would name them.
std::string StepText(const ImageView& view, const Step& step);

}  // namespace pennon::engine
