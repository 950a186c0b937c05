#include "cli/difference.h"

#include <map>
#include <memory>

namespace pennon::cli {
namespace {

using Parts = std::vector<std::string>;

Parts PartsOf(const model::Flag& before, const model::Flag& after) {
  Parts parts;
  const auto compare = [&](bool is_same, const char* name) {
    if (!is_same) parts.emplace_back(name);
  };
  compare(before.type == after.type, "type");
  compare(before.variants == after.variants, "variants");
  compare(before.schema == after.schema, "schema");
  compare(before.enabled == after.enabled, "enabled");
  compare(before.killed == after.killed && before.kill_expires == after.kill_expires, "kill");
  compare(before.off_variant == after.off_variant, "offVariant");
  compare(before.prerequisites == after.prerequisites, "prerequisites");
  compare(before.targets == after.targets, "targets");
  compare(before.rules == after.rules, "rules");
  compare(before.fallthrough == after.fallthrough, "default");
  compare(before.salt == after.salt, "salt");
  compare(before.metadata == after.metadata, "metadata");
  compare(before.client_side == after.client_side, "clientSide");
  return parts;
}

Parts PartsOf(const model::Segment& before, const model::Segment& after) {
  Parts parts;
  const auto compare = [&](bool is_same, const char* name) {
    if (!is_same) parts.emplace_back(name);
  };
  compare(before.attribute == after.attribute, "attribute");
  compare(before.included == after.included, "included");
  compare(before.excluded == after.excluded, "excluded");
  compare(before.when == after.when, "when");
  return parts;
}

// Null: it is there, and cannot be read.
template <typename Definition>
using ByKey = std::map<std::string, const Definition*>;

template <typename Definition>
ByKey<Definition> ByKeyOf(const model::Definitions<Definition>& definitions,
                          const std::vector<model::Broken>& broken) {
  ByKey<Definition> found;
  for (const auto& one : definitions) found[one->key] = one.get();
  for (const model::Broken& one : broken) found[one.key] = nullptr;
  return found;
}

template <typename Definition>
void Compare(const char* kind, const ByKey<Definition>& before, const ByKey<Definition>& after,
             std::vector<DefinitionChange>& changes) {
  ByKey<Definition> all = before;
  all.insert(after.begin(), after.end());
  for (const auto& one : all) {
    const std::string& key = one.first;
    const auto old = before.find(key);
    const auto now = after.find(key);
    if (old == before.end() || now == after.end()) {
      changes.push_back({kind, key, old == before.end() ? "new" : "gone", {}});
    } else if (old->second == nullptr || now->second == nullptr) {
      if (old->second != now->second) {
        changes.push_back({kind, key, "changed", {now->second == nullptr ? "broken" : "mended"}});
      }
    } else if (!(*old->second == *now->second)) {
      changes.push_back({kind, key, "changed", PartsOf(*old->second, *now->second)});
    }
  }
}

}  // namespace

std::vector<DefinitionChange> CompareSets(const model::FlagSet& before,
                                          const model::FlagSet& after) {
  std::vector<DefinitionChange> changes;
  Compare("flag", ByKeyOf(before.flags, before.broken_flags),
          ByKeyOf(after.flags, after.broken_flags), changes);
  Compare("segment", ByKeyOf(before.segments, before.broken_segments),
          ByKeyOf(after.segments, after.broken_segments), changes);
  return changes;
}

}  // namespace pennon::cli
