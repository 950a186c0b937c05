// The values that a leaf condition names: what each operator takes, and how it lies in the image.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/image_builder.h"
#include "engine/literal.h"
#include "model/flag_set.h"

namespace pennon::engine {

/// The error's place is inside of the leaf.
std::optional<base::Error> CheckOperands(const model::LeafCondition& leaf);

/// The number of the set in the image; only for a leaf that CheckOperands finds nothing wrong with,
/// and whose operator takes values.
std::uint32_t AddOperands(const model::LeafCondition& leaf, ImageBuilder& builder);

/// `boolean`, `number`, …: as definitions write them.
std::string_view Name(AttributeType type);

}  // namespace pennon::engine
