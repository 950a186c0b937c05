// Conditions: what is a valid one, and how a tree of them becomes steps that jump.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text_hash.h"
#include "engine/image.h"
#include "engine/image_builder.h"
#include "model/flag_set.h"

namespace pennon::engine {

/// Indices of the segments that the image will hold, by key.
using SegmentIndex = base::TextMap<std::string_view, std::uint32_t>;

/// Splits an attribute reference into its path: a name, or a JSON Pointer that begins with '/'.
/// An empty result means that the reference is malformed.
std::vector<std::string> AttributePath(std::string_view reference);

/// Checks an attribute reference; the error's place is `place`.
std::optional<base::Error> CheckAttribute(std::string_view reference, std::string_view place);
/// Checks values for `in`, targets and segments: scalars only.
std::optional<base::Error> CheckScalars(const std::vector<model::Value>& values,
                                        std::string_view place);
/// Checks a condition by itself; the error's place is inside of it.
std::optional<base::Error> CheckCondition(const model::Condition& condition);

/// Calls `visit` with the key of every segment that the condition names.
void ForEachSegment(const model::Condition& condition,
                    const std::function<void(const std::string&)>& visit);

/// Compiles a checked condition, to hold only inside of `window` if there is one. Every segment it
/// names must be in `segments`. Without both there are no steps: everybody.
std::vector<Step> CompileCondition(const std::optional<model::Window>& window,
                                   const std::optional<model::Condition>& condition,
                                   const SegmentIndex& segments, ImageBuilder& builder);

}  // namespace pennon::engine
