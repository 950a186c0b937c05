// The hash of a value's deterministic CBOR: what the third generation of flagd's `fractional`
// places subjects by.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/logic_value.h"

namespace pennon::engine {

/// None for what has no CBOR here: the whole context, NaN, nesting deeper than kMaxLogicDepth.
std::optional<std::uint32_t> HashCbor(const LogicValue& value, LogicMemory& memory);
/// Of an array of two texts.
std::uint32_t HashCborTexts(std::string_view first, std::string_view second);

}  // namespace pennon::engine
