// Checks the nodes of JSONLogic in an image from anywhere.
#pragma once

#include "engine/block_reader.h"
#include "engine/image_view.h"
#include "engine/logic_record.h"

namespace pennon::engine {

/// True when evaluating `logic` cannot read outside of the image and ends: children lie behind
/// their node, no deeper than kMaxLogicDepth. `block` is the flag's, in which the record lies.
bool VerifyLogic(const ImageView& view, const FlagRecord& flag, const LogicRecord& logic,
                 BlockReader& block);

}  // namespace pennon::engine
