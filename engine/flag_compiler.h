// One checked flag or segment -> its block in the image.
#pragma once

#include <string_view>

#include "base/text_hash.h"
#include "engine/condition_compiler.h"
#include "engine/image_builder.h"
#include "model/flag_set.h"

namespace pennon::engine {

/// Where references to other definitions lead; everything that a definition names is in here.
struct CompileScope {
  SegmentIndex segments;
  base::TextMap<std::string_view, std::uint32_t> flag_index;  // in the image's `flags`
  base::TextMap<std::string_view, const model::Flag*> flags;  // those that compile
};

void CompileFlag(const model::Flag& flag, std::uint8_t height, const CompileScope& scope,
                 ImageBuilder& builder);
/// The block of a flag that has no valid definition: its evaluation is ERROR with this text.
void CompileBrokenFlag(std::string_view key, std::string_view error, ImageBuilder& builder);
void CompileSegment(const model::Segment& segment, std::uint8_t height, const CompileScope& scope,
                    ImageBuilder& builder);

}  // namespace pennon::engine
