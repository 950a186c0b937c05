// One checked flag or segment -> its block in the image.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "engine/condition_compiler.h"
#include "engine/image_builder.h"
#include "model/flag_set.h"

namespace pennon::engine {

struct NamedFlag {
  std::uint32_t index;            // in the image's `flags`
  const model::Flag* definition;  // null when there is none that compiles
};

/// Where references to other definitions lead; everything that a definition names is in here.
struct CompileScope {
  SegmentIndex segments;
  std::function<NamedFlag(std::string_view key)> flag;
};

void CompileFlag(const model::Flag& flag, std::uint8_t height, const CompileScope& scope,
                 ImageBuilder& builder);
/// The block of a flag that has no valid definition: its evaluation is ERROR with this text.
void CompileBrokenFlag(std::string_view key, std::string_view error, ImageBuilder& builder);
void CompileSegment(const model::Segment& segment, std::uint8_t height, const CompileScope& scope,
                    ImageBuilder& builder);

}  // namespace pennon::engine
