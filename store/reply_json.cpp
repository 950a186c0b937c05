#include "store/reply_json.h"

namespace pennon::store {

void AppendMembers(base::JsonObject& object, const model::Object& definition) {
  for (const auto& [name, value] : definition) model::AppendJson(object.Key(name), value);
}

void AppendRoles(base::JsonObject& object, const Roles& roles) {
  object.String("role", Name(roles.everywhere));
  base::JsonObject environments(object.Key("environments"));
  for (const auto& [environment, role] : roles.environments) {
    environments.String(environment, Name(role));
  }
  environments.Close();
}

}  // namespace pennon::store
