// FlagSet -> image: checks every definition, quarantines what does not compile, lays out the rest.
// Pure: no I/O, clock, log or threads.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/image_bytes.h"
#include "model/diagnostic.h"
#include "model/flag_set.h"

namespace pennon::engine {

struct Compiled {
  ImageBytes image;  // ready for Snapshot::Attach
  std::vector<model::Diagnostic> diagnostics;
  /// Quarantined flags and segments that keep their definition from the set in force.
  std::vector<std::string> kept_flags;
  std::vector<std::string> kept_segments;

  [[nodiscard]] bool HasErrors() const;
};

/// A definition that does not compile is quarantined alone: it keeps its definition from
/// `in_force` if that one compiles, else its evaluation is ERROR; a diagnostic says why. The same
/// input gives the same bytes. Fails as a whole only on a limit of the set (engine/limits.h).
base::Result<Compiled> Compile(const model::FlagSet& set, const model::FlagSet* in_force = nullptr);

}  // namespace pennon::engine
