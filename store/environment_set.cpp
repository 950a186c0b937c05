#include "store/environment_set.h"

#include <limits>

#include "engine/compile.h"
#include "engine/patch.h"

namespace pennon::store {
namespace {

model::FlagSet FlagSetOf(const Environment& environment, const Definitions& definitions) {
  model::FlagSet flags;
  flags.environment = environment.key;
  flags.epoch = environment.epoch;
  flags.revision = environment.revision;
  for (const auto& definition : definitions) {
    const bool is_flag = definition->line().kind() == wire::LineKind::kFlag;
    if (definition->flag) flags.flags.push_back(definition->flag);
    if (definition->segment) flags.segments.push_back(definition->segment);
    if (definition->broken) {
      (is_flag ? flags.broken_flags : flags.broken_segments).push_back(*definition->broken);
    }
  }
  return flags;
}

std::shared_ptr<const std::vector<std::string>> ClientSideKeys(const model::FlagSet& flags) {
  auto keys = std::make_shared<std::vector<std::string>>();
  for (const auto& flag : flags.flags) {
    if (flag->client_side) keys->push_back(flag->key);
  }
  return keys;
}

std::shared_ptr<serving::Published> Publish(const EnvironmentSet& set) {
  auto published = std::make_shared<serving::Published>();
  published->environment = set.environment;
  published->image = set.image;
  published->source = serving::Source::kLive;
  // The store is where flag sets come from: what it has in force is never out of date.
  published->confirmed_at = std::numeric_limits<base::SteadyMillis>::max();
  return published;
}

void NoteDeletions(const EnvironmentSet* before, const Definitions& definitions,
                   EnvironmentSet& set) {
  set.deletions_known_since = set.revision;
  if (before == nullptr || before->epoch != set.epoch) return;
  if (before->deletions.size() > kMaxDeletions) return;
  set.deletions_known_since = before->deletions_known_since;
  set.deletions = before->deletions;
  // Nearly all are in both, one behind the other in the same order.
  auto now = definitions.begin();
  for (const auto& definition : before->definitions) {
    if (now != definitions.end() && *now == definition) {
      ++now;
      continue;
    }
    const LineId id(definition->line().kind(), definition->line().key());
    if (definitions.Find(id) == nullptr) {
      set.deletions[id] = set.revision;
    } else if (now != definitions.end()) {
      ++now;
    }
  }
  std::erase_if(set.deletions,
                [&](const auto& deletion) { return definitions.Find(deletion.first) != nullptr; });
}

// The image of the set's flags; notes in the set what was found in them.
base::Result<std::shared_ptr<const serving::AttachedImage>> MakeImage(
    EnvironmentSet& set, const EnvironmentSet* before) {
  using serving::AttachedImage;
  if (before != nullptr) {
    const engine::PatchBase base{before->flags, before->image->snapshot(), before->diagnostics,
                                 before->compact_size};
    if (auto patched = engine::Patch(base, set.flags)) {
      set.diagnostics = before->diagnostics;
      set.compact_size = before->compact_size;
      return AttachedImage::Make(*std::move(patched), *before->image);
    }
  }
  auto compiled = engine::Compile(set.flags);
  if (!compiled) return base::Fail(compiled.error());
  set.diagnostics = std::move(compiled->diagnostics);
  set.compact_size = compiled->image.size();
  return AttachedImage::Make(std::move(compiled->image),
                             before == nullptr ? nullptr : before->image.get(),
                             engine::Keeping::kInMemory);
}

}  // namespace

std::shared_ptr<const serving::Published> PublishedForServices(const EnvironmentSet& set) {
  return Publish(set);
}

std::shared_ptr<const serving::Published> PublishedForClients(const EnvironmentSet& set) {
  auto published = Publish(set);
  published->only = set.client_side;
  return published;
}

base::Result<std::shared_ptr<const EnvironmentSet>> CompileEnvironment(
    const Environment& environment, Definitions definitions, const EnvironmentSet* before) {
  auto set = std::make_shared<EnvironmentSet>();
  set->environment = environment.key;
  set->epoch = environment.epoch;
  set->revision = environment.revision;
  NoteDeletions(before, definitions, *set);
  set->flags = FlagSetOf(environment, definitions);
  set->client_side = ClientSideKeys(set->flags);
  set->definitions = std::move(definitions);
  auto image = MakeImage(*set, before);
  if (!image) return base::Fail(image.error());
  set->image = *std::move(image);
  return set;
}

}  // namespace pennon::store
