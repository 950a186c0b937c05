// JSON as people write it.
#pragma once

#include <string>

#include "model/value.h"

namespace pennon::cli {

/// Two spaces for each level; what fits into 100 columns is on one line. Members keep their order.
std::string IndentedJson(const model::Value& value);

}  // namespace pennon::cli
