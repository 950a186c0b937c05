#include "store/merge_patch.h"

#include <algorithm>

namespace pennon::store {

using model::Object;
using model::Value;

// As deep as the patch, which the JSON reader limits.
Object MergePatch(Object target, const Object& patch) {
  for (const auto& [name, value] : patch) {
    const auto found = std::find_if(target.begin(), target.end(),
                                    [&](const auto& member) { return member.first == name; });
    if (value.IsNull()) {
      if (found != target.end()) target.erase(found);
      continue;
    }
    Value& member =
        found != target.end() ? found->second : target.emplace_back(name, Value()).second;
    if (value.AsObject() == nullptr) {
      member = value;
      continue;
    }
    Object inside = member.AsObject() == nullptr ? Object() : std::get<Object>(member.data);
    member = MergePatch(std::move(inside), *value.AsObject());
  }
  return target;
}

}  // namespace pennon::store
