#include "store/definitions.h"

#include <algorithm>

namespace pennon::store {
namespace {

bool IsBefore(const std::shared_ptr<const Definition>& definition, const LineId& id) {
  const wire::SyncLine& line = definition->line();
  return line.kind() != id.first ? line.kind() < id.first : line.key() < id.second;
}

bool Is(const Definition& definition, const LineId& id) {
  return definition.line().kind() == id.first && definition.line().key() == id.second;
}

}  // namespace

std::shared_ptr<const Definition> ReadDefinition(StoredLine stored) {
  const model::FlagSet one = wire::ReadDefinitions({}, {stored.line});
  auto definition =
      std::make_shared<Definition>(Definition{std::move(stored), nullptr, nullptr, std::nullopt});
  if (!one.flags.empty()) definition->flag = one.flags.front();
  if (!one.segments.empty()) definition->segment = one.segments.front();
  if (!one.broken_flags.empty()) definition->broken = one.broken_flags.front();
  if (!one.broken_segments.empty()) definition->broken = one.broken_segments.front();
  return definition;
}

Definitions::Definitions(std::vector<std::shared_ptr<const Definition>> all) {
  Put(std::move(all));
}

std::shared_ptr<const Definition> Definitions::Find(const LineId& id) const {
  const auto place = std::lower_bound(list_.begin(), list_.end(), id, IsBefore);
  return place != list_.end() && Is(**place, id) ? *place : nullptr;
}

void Definitions::Put(std::vector<std::shared_ptr<const Definition>> definitions) {
  PutAll(list_, std::move(definitions),
         [](const auto& a, const auto& b) { return wire::ComesFirst(a->line(), b->line()); });
}

void Definitions::Erase(const std::set<LineId>& ids) {
  if (ids.empty()) return;
  EraseIf(list_, [&](const auto& one) {
    return ids.contains(LineId(one->line().kind(), one->line().key()));
  });
}

}  // namespace pennon::store
