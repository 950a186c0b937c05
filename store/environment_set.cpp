#include "store/environment_set.h"

#include "engine/compile.h"

namespace pennon::store {

std::shared_ptr<const Definition> ReadDefinition(StoredLine stored) {
  auto definition = std::make_shared<Definition>();
  const model::FlagSet one = wire::ReadDefinitions({}, {stored.line});
  if (!one.flags.empty()) definition->flag = one.flags.front();
  if (!one.segments.empty()) definition->segment = one.segments.front();
  if (!one.broken_flags.empty()) definition->broken = one.broken_flags.front();
  if (!one.broken_segments.empty()) definition->broken = one.broken_segments.front();
  definition->stored = std::move(stored);
  return definition;
}

const Definition* EnvironmentSet::Find(const LineId& id) const {
  const auto found = definitions.find(id);
  return found == definitions.end() ? nullptr : found->second.get();
}

std::vector<wire::SyncLine> EnvironmentSet::Lines() const {
  std::vector<wire::SyncLine> lines;
  lines.reserve(definitions.size());
  for (const auto& [id, definition] : definitions) lines.push_back(definition->stored.line);
  return lines;
}

base::Result<std::shared_ptr<const EnvironmentSet>> CompileEnvironment(
    const Environment& environment, Definitions definitions) {
  model::FlagSet flags;
  flags.environment = environment.key;
  flags.epoch = environment.epoch;
  flags.revision = environment.revision;
  for (const auto& [id, definition] : definitions) {
    const bool is_flag = id.first == wire::LineKind::kFlag;
    if (definition->flag) flags.flags.push_back(definition->flag);
    if (definition->segment) flags.segments.push_back(definition->segment);
    if (definition->broken) {
      (is_flag ? flags.broken_flags : flags.broken_segments).push_back(*definition->broken);
    }
  }
  auto compiled = engine::Compile(flags);
  if (!compiled) return base::Fail(compiled.error());
  auto image = serving::AttachedImage::Make(std::move(compiled->image));
  if (!image) return base::Fail(image.error());

  auto set = std::make_shared<EnvironmentSet>();
  set->environment = environment.key;
  set->epoch = environment.epoch;
  set->revision = environment.revision;
  set->definitions = std::move(definitions);
  set->image = *std::move(image);
  set->diagnostics = std::move(compiled->diagnostics);
  return set;
}

}  // namespace pennon::store
