// Definitions -> an image to serve: patched where one or few flags changed, else compiled anew.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/diagnostic.h"
#include "model/flag_set.h"
#include "serving/published.h"

namespace pennon::daemon {

struct CompiledSet {
  std::shared_ptr<const serving::AttachedImage> image;
  std::vector<model::Diagnostic> diagnostics;
  std::vector<std::string> kept_flags;  // quarantined, with a definition of an earlier set
  std::vector<std::string> kept_segments;
  model::FlagSet given;          // what was compiled
  model::FlagSet effective;      // the definitions that count: `given` with the kept ones
  std::size_t compact_size = 0;  // bytes of the last image that was not patched
};

/// `in_force` may have no image: its effective definitions then only stand in for quarantined ones.
/// Fails as a whole only on a limit of the set.
base::Result<CompiledSet> CompileSet(model::FlagSet set, const CompiledSet& in_force);

}  // namespace pennon::daemon
