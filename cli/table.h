// Rows of texts in aligned columns.
#pragma once

#include <string>
#include <vector>

#include "model/value.h"

namespace pennon::cli {

/// The first row is the head. A cell is one line, whatever it holds. Widths are counted in
/// characters, not bytes.
std::string RenderRows(const std::vector<std::vector<std::string>>& rows);
/// The members `columns` of each object of `array`, with their names as the head.
std::string RenderObjects(const model::Value& array, const std::vector<std::string>& columns);

}  // namespace pennon::cli
