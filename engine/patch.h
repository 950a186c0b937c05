// The image of a set that differs from a compiled one in a few flags: what did not change is copied
// from the image at hand, so it costs about as much as copying that image once.
// Pure: no I/O, clock, log or threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/image_bytes.h"
#include "engine/snapshot.h"
#include "model/diagnostic.h"
#include "model/flag_set.h"

namespace pennon::engine {

/// A compiled set as the beginning of the next one. Borrows all of it.
struct PatchBase {
  const model::FlagSet& set;  // as Compile was given it, or the last Patch
  const Snapshot& snapshot;   // of the image that this program made of it
  const std::vector<model::Diagnostic>& diagnostics;
  /// Bytes of the last image that Compile made, before any patches: what a patched one holds in
  /// vain is counted from there.
  std::size_t compact_size = 0;
};

/// A patched image is at most this many percent larger than the one that Compile made.
inline constexpr std::size_t kMaxPatchGrowth = 25;

/// An image for Snapshot::AttachPatched, or for Attach like any other.
struct PatchedImage {
  ImageBytes image;
  std::vector<std::uint32_t> changed;  // the flags that were not copied, by their index; ascending
};

/// An image that answers as the one that Compile makes of `set`; diagnostics and kept definitions
/// are those of `base`. Sets share what did not change: flags and segments are compared as
/// pointers.
///
/// None where anything else could be touched, and Compile has to do it: when segments, the flags'
/// keys or what is broken changed; when a changed flag was quarantined or would be, has
/// prerequisites, or other variants than before, because these are what others may depend on; and
/// when too much would be held in vain.
std::optional<PatchedImage> Patch(const PatchBase& base, const model::FlagSet& set);

}  // namespace pennon::engine
