// The operators of JSONLogic by name, and what is an operation at all.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "engine/logic_record.h"
#include "model/value.h"

namespace pennon::engine {

std::optional<LogicOp> ParseLogicOp(std::string_view name);

/// An object of one member is an operation; everything else stands for itself.
struct LogicCall {
  std::string_view name;
  std::span<const model::Value> arguments;  // one that is no array is the only argument
};
std::optional<LogicCall> AsLogicCall(const model::Value& rule);

/// Checks a rule: that its operators are known, how deep and how large it is. The error's place is
/// below `place`.
std::optional<base::Error> CheckLogic(const model::Value& rule, const std::string& place);

}  // namespace pennon::engine
