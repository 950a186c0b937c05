#include "store/environment_set.h"

#include "engine/compile.h"
#include "engine/patch.h"

namespace pennon::store {
namespace {

model::FlagSet FlagSetOf(const Environment& environment, const Definitions& definitions) {
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
  return flags;
}

void NoteDeletions(const EnvironmentSet* before, const Definitions& definitions,
                   EnvironmentSet& set) {
  set.deletions_known_since = set.revision;
  if (before == nullptr || before->epoch != set.epoch) return;
  if (before->deletions.size() > kMaxDeletions) return;
  set.deletions_known_since = before->deletions_known_since;
  set.deletions = before->deletions;
  for (const auto& [id, definition] : before->definitions) {
    if (definitions.find(id) == definitions.end()) set.deletions[id] = set.revision;
  }
  std::erase_if(set.deletions, [&](const auto& deletion) {
    return definitions.find(deletion.first) != definitions.end();
  });
}

// The image of the set's flags, and what was found in them.
base::Result<engine::ImageBytes> Write(EnvironmentSet& set, const EnvironmentSet* before) {
  if (before != nullptr) {
    const engine::PatchBase base{before->flags, before->image->snapshot(), before->diagnostics,
                                 before->compact_size};
    if (auto patched = engine::Patch(base, set.flags)) {
      set.diagnostics = before->diagnostics;
      set.compact_size = before->compact_size;
      return *std::move(patched);
    }
  }
  auto compiled = engine::Compile(set.flags);
  if (!compiled) return base::Fail(compiled.error());
  set.diagnostics = std::move(compiled->diagnostics);
  set.compact_size = compiled->image.size();
  return std::move(compiled->image);
}

}  // namespace

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
    const Environment& environment, Definitions definitions, const EnvironmentSet* before) {
  auto set = std::make_shared<EnvironmentSet>();
  set->environment = environment.key;
  set->epoch = environment.epoch;
  set->revision = environment.revision;
  NoteDeletions(before, definitions, *set);
  set->flags = FlagSetOf(environment, definitions);
  set->definitions = std::move(definitions);
  auto image = Write(*set, before);
  if (!image) return base::Fail(image.error());
  auto attached = serving::AttachedImage::Make(*std::move(image),
                                               before == nullptr ? nullptr : before->image.get());
  if (!attached) return base::Fail(attached.error());
  set->image = *std::move(attached);
  return set;
}

}  // namespace pennon::store
