#include "store/reply_json.h"

namespace pennon::store {

void AppendMembers(base::JsonObject& object, const model::Object& definition) {
  for (const auto& [name, value] : definition) model::AppendJson(object.Key(name), value);
}

}  // namespace pennon::store
