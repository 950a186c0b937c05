// What is different between two documents, as a JSON Patch (RFC 6902) and in words.
#pragma once

#include <string>
#include <vector>

#include "model/value.h"

namespace pennon::store {

struct Difference {
  enum class Kind : std::uint8_t { kAdded, kRemoved, kReplaced };
  Kind kind = Kind::kReplaced;
  std::string pointer;  // RFC 6901
  std::string path;     // "rules[2].serve", as errors name places
  model::Value before;  // null when added
  model::Value after;   // null when removed
};

/// The steps from one to the other, in an order in which they can be applied. Objects are compared
/// member by member, arrays element by element from the front.
std::vector<Difference> Compare(const model::Value& before, const model::Value& after);

/// "rules[2].serve: "on" becomes "off"".
std::string InWords(const Difference& difference);

/// Appends the array of operations.
void AppendJsonPatch(std::string& out, const std::vector<Difference>& differences);

}  // namespace pennon::store
