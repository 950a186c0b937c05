// One environment's flag set as committed: the lines that daemons get, what they mean, and the
// image that answers evaluations here. Made by the compiler that the daemons run.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/diagnostic.h"
#include "model/flag_set.h"
#include "serving/published.h"
#include "store/definitions.h"
#include "store/environments.h"

namespace pennon::store {

/// Immutable; safe to read from any thread.
struct EnvironmentSet {
  std::string environment;
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  Definitions definitions;
  /// At which revision a flag or segment went, since `deletions_known_since`.
  std::map<LineId, std::uint64_t> deletions;
  std::uint64_t deletions_known_since = 0;
  model::FlagSet flags;  // what the definitions say
  std::shared_ptr<const serving::AttachedImage> image;
  std::shared_ptr<const std::vector<std::string>> client_side;  // keys of flags, in order
  std::vector<model::Diagnostic> diagnostics;
  std::size_t compact_size = 0;  // see engine::PatchBase

  /// The definition of a flag or segment, or null.
  [[nodiscard]] const Definition* Find(const LineId& id) const {
    return definitions.Find(id).get();
  }
};

/// The set as evaluations see it: callers with a secret all of it, others what is meant for them.
std::shared_ptr<const serving::Published> PublishedForServices(const EnvironmentSet& set);
std::shared_ptr<const serving::Published> PublishedForClients(const EnvironmentSet& set);

/// Older deletions are forgotten then: who has not heard of them gets the whole set.
inline constexpr std::size_t kMaxDeletions = 10'000;

/// Definitions that do not compile are in the diagnostics; fails only on a limit of the whole set.
/// Begins from `before`, if there is one, where that saves work.
base::Result<std::shared_ptr<const EnvironmentSet>> CompileEnvironment(
    const Environment& environment, Definitions definitions,
    const EnvironmentSet* before = nullptr);

}  // namespace pennon::store
