// One environment's flag set as committed: the lines that daemons get, what they mean, and the
// image that answers evaluations here. Made by the compiler that the daemons run.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/diagnostic.h"
#include "model/flag_set.h"
#include "serving/published.h"
#include "store/environments.h"
#include "store/lines.h"

namespace pennon::store {

/// One flag or segment: its line, and what a daemon reads out of it. Exactly one of `flag`,
/// `segment` and `broken` is set.
struct Definition {
  StoredLine stored;
  std::shared_ptr<const model::Flag> flag;
  std::shared_ptr<const model::Segment> segment;
  std::optional<model::Broken> broken;
};
std::shared_ptr<const Definition> ReadDefinition(StoredLine stored);

using Definitions = std::map<LineId, std::shared_ptr<const Definition>>;

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
  std::vector<model::Diagnostic> diagnostics;
  std::size_t compact_size = 0;  // see engine::PatchBase

  /// The definition of a flag or segment, or null.
  [[nodiscard]] const Definition* Find(const LineId& id) const;
  /// The lines in the order of kind and key.
  [[nodiscard]] std::vector<wire::SyncLine> Lines() const;
};

/// Older deletions are forgotten then: who has not heard of them gets the whole set.
inline constexpr std::size_t kMaxDeletions = 10'000;

/// Definitions that do not compile are in the diagnostics; fails only on a limit of the whole set.
/// Begins from `before`, if there is one, where that saves work.
base::Result<std::shared_ptr<const EnvironmentSet>> CompileEnvironment(
    const Environment& environment, Definitions definitions,
    const EnvironmentSet* before = nullptr);

}  // namespace pennon::store
