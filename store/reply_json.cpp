#include "store/reply_json.h"

#include "wire/json.h"

namespace pennon::store {

void AppendMembers(base::JsonObject& object, const model::Object& definition) {
  for (const auto& [name, value] : definition) model::AppendJson(object.Key(name), value);
}

std::vector<LineContent> ReadLines(const EnvironmentSet& set, wire::LineKind kind) {
  std::vector<LineContent> contents;
  for (const auto& [id, definition] : set.definitions) {
    if (id.first != kind) continue;
    const auto line = wire::ReadJson(definition->stored.line.bytes);
    if (!line || line->AsObject() == nullptr) continue;  // the digest was right, so it was ours
    LineContent& content = contents.emplace_back();
    content.key = id.second;
    content.revision = definition->stored.revision;
    for (const auto& member : *line->AsObject()) {
      if (member.first != "kind" && member.first != "key") content.definition.push_back(member);
    }
  }
  return contents;
}

}  // namespace pennon::store
