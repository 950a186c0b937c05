#include "store/segment_use.h"

#include <algorithm>

#include "engine/condition_compiler.h"

namespace pennon::store {
namespace {

bool Names(const model::Condition& condition, const std::string& segment) {
  bool names = false;
  engine::ForEachSegment(condition, [&](const std::string& key) { names |= key == segment; });
  return names;
}

}  // namespace

SegmentUse UsersOf(const EnvironmentSet& set, const std::string& segment) {
  SegmentUse use;
  for (const auto& flag : set.flags.flags) {
    const bool names = std::any_of(
        flag->rules.begin(), flag->rules.end(),
        [&](const model::Rule& rule) { return rule.when && Names(*rule.when, segment); });
    if (names) use.flags.push_back(flag->key);
  }
  for (const auto& other : set.flags.segments) {
    if (other->when && Names(*other->when, segment)) use.segments.push_back(other->key);
  }
  return use;
}

}  // namespace pennon::store
