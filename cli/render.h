// Answers of the daemon as a person likes to read them, and as JSON for scripts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/client.h"
#include "model/value.h"

namespace pennon::cli {

/// "3 s", "2 min 5 s", "4 h", "12 d".
std::string Age(std::int64_t millis);

/// One flag: value, variant, reason and where it is from, on a few lines.
std::string RenderEvaluation(const client::BatchEntry& entry);
/// All flags as a table.
std::string RenderTable(const std::vector<client::BatchEntry>& entries);
/// The same as a JSON object, key by key.
std::string EvaluationsJson(const std::vector<client::BatchEntry>& entries);
/// The daemon's status document as a page.
std::string RenderStatus(const model::Value& status);

}  // namespace pennon::cli
