// What makes a flag or a segment valid by itself, before others are looked at.
#pragma once

#include <optional>

#include "base/error.h"
#include "model/flag_set.h"

namespace pennon::engine {

/// The first thing wrong with the definition; its place is the path inside it
/// (`rules[2].serve.split.weights`).
std::optional<base::Error> CheckFlag(const model::Flag& flag);
std::optional<base::Error> CheckSegment(const model::Segment& segment);

/// The index of a variant, or -1.
int VariantIndex(const model::Flag& flag, std::string_view key);

}  // namespace pennon::engine
