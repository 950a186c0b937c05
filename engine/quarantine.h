// Which definition of each flag or segment counts: the new one, the one in force, or none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/boxed.h"
#include "base/sort.h"
#include "base/text_hash.h"
#include "engine/references.h"
#include "model/diagnostic.h"
#include "model/flag_set.h"

namespace pennon::engine {

/// One key of the set, of whose text it is a view. `chosen` is the definition that counts, or null
/// when there is none.
template <typename T>
struct Candidate {
  std::string_view key;
  std::shared_ptr<const T> chosen;
  std::shared_ptr<const T> in_force;  // what may take over; null when there is none
  base::Boxed<base::Error> error;     // the first thing wrong with the new definition
  bool kept = false;                  // `chosen` is the definition in force
  std::uint8_t height = 0;

  /// Gives up the chosen definition for the one in force, or for none.
  void Reject(const base::Error& why) {
    if (!error) error = why;
    kept = in_force != nullptr;
    chosen = std::exchange(in_force, nullptr);
  }
};

template <typename T>
using Candidates = std::vector<Candidate<T>>;
template <typename T>
using CheckDefinition = std::optional<base::Error> (*)(const T&);

/// All keys of `definitions` and `broken`, sorted by key, each with the first of new and in-force
/// definition that passes `check`. Borrows all three lists.
template <typename T>
Candidates<T> Gather(const model::Definitions<T>& definitions,
                     const std::vector<model::Broken>& broken,
                     const model::Definitions<T>* in_force, CheckDefinition<T> check) {
  base::TextMap<std::string_view, const std::shared_ptr<const T>*> old;
  if (in_force != nullptr) {
    for (const auto& definition : *in_force) {
      if (!check(*definition)) old.emplace(definition->key, &definition);
    }
  }
  Candidates<T> candidates;
  candidates.reserve(definitions.size() + broken.size());
  const auto add = [&](std::string_view key) -> Candidate<T>& {
    Candidate<T>& candidate = candidates.emplace_back();
    candidate.key = key;
    const auto found = old.find(key);
    if (found != old.end()) candidate.in_force = *found->second;
    return candidate;
  };
  for (const auto& definition : definitions) {
    Candidate<T>& candidate = add(definition->key);
    candidate.chosen = definition;
    if (auto error = check(*definition)) candidate.Reject(*error);
  }
  for (const model::Broken& one : broken) add(one.key).Reject(one.error);
  base::SortUnlessSorted(candidates, [](const auto& a, const auto& b) { return a.key < b.key; });
  return candidates;
}

/// Rejects definitions whose references are wrong until those that are left are right; fills in
/// the heights. `references_of` gives a definition's references, with indices into `candidates`.
template <typename T>
void RejectWrongReferences(
    Candidates<T>& candidates, std::string_view noun, bool broken_is_error,
    const std::function<std::vector<Reference>(const T&)>& references_of,
    const std::function<std::optional<base::Error>(const T&)>& check_others) {
  for (bool rejected = true; rejected;) {
    rejected = false;
    std::vector<ReferenceNode> nodes;
    nodes.reserve(candidates.size());
    for (const auto& candidate : candidates) {
      nodes.push_back({candidate.key, candidate.chosen == nullptr, {}});
      if (candidate.chosen != nullptr) nodes.back().references = references_of(*candidate.chosen);
    }
    ReferenceResult result = ResolveReferences(nodes, noun, broken_is_error);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      candidates[i].height = result.heights[i];
      if (candidates[i].chosen == nullptr) continue;
      const auto found = result.errors.find(static_cast<std::uint32_t>(i));
      const auto error =
          found != result.errors.end() ? found->second : check_others(*candidates[i].chosen);
      if (!error) continue;
      candidates[i].Reject(*error);
      rejected = true;
    }
  }
}

}  // namespace pennon::engine
