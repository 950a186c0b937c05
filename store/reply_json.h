// The JSON that answers of the API have in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json_text.h"
#include "model/value.h"
#include "store/environment_set.h"

namespace pennon::store {

/// Adds the definition's members to the object being written.
void AppendMembers(base::JsonObject& object, const model::Object& definition);

/// `{"<name>":[…]}`, each element written by `append(out, element)`.
template <typename List, typename Append>
std::string JsonList(std::string_view name, const List& list, const Append& append) {
  std::string out;
  base::JsonObject object(out);
  object.Key(name) += '[';
  bool first = true;
  for (const auto& element : list) {
    if (!first) out += ',';
    first = false;
    append(out, element);
  }
  out += ']';
  object.Close();
  return out;
}

/// A flag or segment as its line says it, without "kind" and "key".
struct LineContent {
  std::string key;
  model::Object definition;
  std::uint64_t revision = 0;
};
/// All of one kind in an environment, in the order of their keys.
std::vector<LineContent> ReadLines(const EnvironmentSet& set, wire::LineKind kind);

}  // namespace pennon::store
