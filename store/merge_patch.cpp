#include "store/merge_patch.h"

#include <algorithm>

namespace pennon::store {

using model::Object;
using model::Value;

// As deep as the patch, which the JSON reader limits.
Object MergePatch(Object target, const Object& patch) {
  for (const auto& member : patch) {
    const std::string& name = member.first;
    const Value& value = member.second;
    const auto found = std::find_if(target.begin(), target.end(),
                                    [&](const auto& other) { return other.first == name; });
    if (value.IsNull()) {
      if (found != target.end()) target.erase(found);
      continue;
    }
    Value& kept = found != target.end() ? found->second : target.emplace_back(name, Value()).second;
    if (value.AsObject() == nullptr) {
      kept = value;
      continue;
    }
    Object inside = kept.AsObject() == nullptr ? Object() : std::get<Object>(kept.data);
    kept = MergePatch(std::move(inside), *value.AsObject());
  }
  return target;
}

}  // namespace pennon::store
