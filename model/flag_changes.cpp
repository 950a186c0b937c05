#include "model/flag_changes.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include "base/text_hash.h"

namespace pennon::model {
namespace {

using Keys = base::TextSet<std::string>;
/// What is used -> who uses it.
using Uses = base::TextMap<std::string, std::vector<std::string>>;

template <typename T>
Keys Differing(const Definitions<T>& before, const Definitions<T>& after) {
  // A delta leaves nearly all of them in their places.
  const std::vector<std::size_t> places = DifferingPlaces(before, after);
  base::TextMap<std::string_view, const T*> old;
  for (const std::size_t i : places) {
    if (i < before.size()) old.emplace(before[i]->key, before[i].get());
  }
  Keys keys;
  for (const std::size_t i : places) {
    if (i >= after.size()) break;
    const auto& one = after[i];
    const auto found = old.find(one->key);
    const bool is_same =
        found != old.end() && (found->second == one.get() || *found->second == *one);
    if (found != old.end()) old.erase(found);
    if (!is_same) keys.insert(one->key);
  }
  for (const auto& [key, removed] : old) keys.insert(std::string(key));
  return keys;
}

void AddBroken(const std::vector<Broken>& broken, Keys& keys) {
  for (const Broken& one : broken) keys.insert(one.key);
}

// Notes that `user` uses the segments of a condition.
void NoteSegments(const Condition& condition, const std::string& user, Uses& uses) {
  const auto note_all = [&](const std::vector<Condition>& parts) {
    for (const Condition& part : parts) NoteSegments(part, user, uses);
  };
  if (const auto* all = std::get_if<AllCondition>(&condition.node)) {
    note_all(all->parts);
  } else if (const auto* any = std::get_if<AnyCondition>(&condition.node)) {
    note_all(any->parts);
  } else if (const auto* negated = std::get_if<NotCondition>(&condition.node)) {
    note_all(negated->part);
  } else if (const auto* segment = std::get_if<SegmentCondition>(&condition.node)) {
    uses[segment->segment].push_back(user);
  }
}

// Adds to `keys` who uses them, and who uses those.
void Spread(const Uses& uses, Keys& keys) {
  std::vector<std::string> next(keys.begin(), keys.end());
  while (!next.empty()) {
    const std::string key = std::move(next.back());
    next.pop_back();
    const auto found = uses.find(key);
    if (found == uses.end()) continue;
    for (const std::string& user : found->second) {
      if (keys.insert(user).second) next.push_back(user);
    }
  }
}

Keys ChangedSegments(const FlagSet& before, const FlagSet& after) {
  Keys segments = Differing(before.segments, after.segments);
  AddBroken(before.broken_segments, segments);
  AddBroken(after.broken_segments, segments);
  if (segments.empty()) return segments;
  Uses uses;
  for (const auto& segment : after.segments) {
    if (segment->when) NoteSegments(*segment->when, segment->key, uses);
  }
  Spread(uses, segments);
  return segments;
}

// Adds the flags that use one of the segments.
void AddUsers(const Keys& segments, const FlagSet& set, Keys& flags) {
  Uses uses;
  for (const auto& flag : set.flags) {
    for (const Rule& rule : flag->rules) {
      if (rule.when) NoteSegments(*rule.when, flag->key, uses);
    }
  }
  for (const std::string& segment : segments) {
    const auto found = uses.find(segment);
    if (found != uses.end()) flags.insert(found->second.begin(), found->second.end());
  }
}

// Adds the flags that have one of them for a prerequisite.
void SpreadToDependents(const FlagSet& set, Keys& flags) {
  if (flags.empty()) return;
  Uses uses;
  for (const auto& flag : set.flags) {
    for (const Prerequisite& needed : flag->prerequisites) uses[needed.flag].push_back(flag->key);
  }
  Spread(uses, flags);
}

}  // namespace

std::optional<std::vector<std::string>> ChangedFlags(const FlagSet& before, const FlagSet& after,
                                                     std::size_t max) {
  const Keys segments = ChangedSegments(before, after);
  Keys flags = Differing(before.flags, after.flags);
  AddBroken(before.broken_flags, flags);
  AddBroken(after.broken_flags, flags);
  if (!segments.empty()) AddUsers(segments, after, flags);
  SpreadToDependents(after, flags);
  if (flags.size() > max) return std::nullopt;
  std::vector<std::string> keys(flags.begin(), flags.end());
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace pennon::model
