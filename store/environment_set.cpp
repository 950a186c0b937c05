#include "store/environment_set.h"

#include <algorithm>
#include <limits>
#include <optional>

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

bool IsOfSame(const Definition& a, const Definition& b) {
  return a.line().kind() == b.line().kind() && a.line().key() == b.line().key();
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

// The places at which `definitions` differ from those of `before`, if at each the same flag or
// segment is defined and can be read, before and now.
std::optional<std::vector<std::size_t>> PlacesReplaced(const EnvironmentSet* before,
                                                       const Definitions& definitions) {
  if (before == nullptr || before->definitions.size() != definitions.size()) return std::nullopt;
  const Definitions::List& old = before->definitions.list();
  const Definitions::List& now = definitions.list();
  std::vector<std::size_t> places = DifferingPlaces(old, now);
  const bool are_replaced = std::all_of(places.begin(), places.end(), [&](std::size_t i) {
    return IsOfSame(*old[i], *now[i]) && !old[i]->broken && !now[i]->broken;
  });
  if (!are_replaced) return std::nullopt;
  return places;
}

template <typename T>
void Put(std::shared_ptr<const T> definition, model::Definitions<T>& definitions) {
  if (definition == nullptr) return;
  PutAll(definitions, {std::move(definition)},
         [](const auto& a, const auto& b) { return a->key < b->key; });
}

// What is made of all definitions, for those that differ from `before` at `places` only.
void TakeOver(const EnvironmentSet& before, const std::vector<std::size_t>& places,
              EnvironmentSet& set) {
  set.flags = before.flags;
  set.flags.epoch = set.epoch;
  set.flags.revision = set.revision;
  bool is_client_side_same = true;
  for (const std::size_t i : places) {
    const Definition& definition = *set.definitions.list()[i];
    const auto& old = before.definitions.list()[i]->flag;
    Put(definition.flag, set.flags.flags);
    Put(definition.segment, set.flags.segments);
    if (old != nullptr && old->client_side != definition.flag->client_side)
      is_client_side_same = false;
  }
  set.client_side = is_client_side_same ? before.client_side : ClientSideKeys(set.flags);
}

void NoteDeletions(const EnvironmentSet* before, bool are_replaced, EnvironmentSet& set) {
  set.deletions_known_since = set.revision;
  if (before == nullptr || before->epoch != set.epoch) return;
  if (before->deletions.size() > kMaxDeletions) return;
  set.deletions_known_since = before->deletions_known_since;
  set.deletions = before->deletions;
  if (are_replaced) return;
  for (const std::size_t i : DifferingPlaces(before->definitions.list(), set.definitions.list())) {
    if (i >= before->definitions.size()) break;
    const wire::SyncLine& line = before->definitions.list()[i]->line();
    const LineId id(line.kind(), line.key());
    if (set.Find(id) == nullptr) set.deletions[id] = set.revision;
  }
  std::erase_if(set.deletions,
                [&](const auto& deletion) { return set.Find(deletion.first) != nullptr; });
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
  set->definitions = std::move(definitions);
  const auto replaced = PlacesReplaced(before, set->definitions);
  NoteDeletions(before, replaced.has_value(), *set);
  if (replaced) {
    TakeOver(*before, *replaced, *set);
  } else {
    set->flags = FlagSetOf(environment, set->definitions);
    set->client_side = ClientSideKeys(set->flags);
  }
  auto image = MakeImage(*set, before);
  if (!image) return base::Fail(image.error());
  set->image = *std::move(image);
  return set;
}

}  // namespace pennon::store
