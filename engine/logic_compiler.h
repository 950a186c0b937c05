// A checked rule of JSONLogic -> its nodes in the flag's block.
#pragma once

#include "engine/image_builder.h"
#include "engine/logic_record.h"
#include "model/flag_set.h"

namespace pennon::engine {

/// Appends what CheckLogic (engine/logic_operator.h) has passed; the offset of its LogicRecord.
std::uint32_t CompileLogic(const model::ServeLogic& logic, const model::Flag& flag,
                           BlockBuilder& block, ImageBuilder& builder);

}  // namespace pennon::engine
