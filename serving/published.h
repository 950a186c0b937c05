// What a worker answers from: one environment's flag set in force and where it came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/result.h"
#include "engine/image_bytes.h"
#include "engine/patch.h"
#include "engine/snapshot.h"
#include "model/evaluation.h"

namespace pennon::serving {

using model::Source;

/// Image bytes and their snapshot together. Immutable; shared by all workers.
class AttachedImage {
 public:
  /// `previous`, if there is one, is what the image takes the place of.
  static base::Result<std::shared_ptr<const AttachedImage>> Make(
      engine::ImageBytes image, const AttachedImage* previous = nullptr,
      engine::Keeping keeping = engine::Keeping::kStored);
  /// `previous` is what was patched.
  static base::Result<std::shared_ptr<const AttachedImage>> Make(engine::PatchedImage patched,
                                                                 const AttachedImage& previous);
  [[nodiscard]] const engine::Snapshot& snapshot() const { return snapshot_; }
  [[nodiscard]] const engine::ImageBytes& bytes() const { return bytes_; }
  /// What tells this set from another one: "<epoch>.<revision>-<hash of the image>". Sets of files
  /// have no revisions that could be relied on, hence the hash.
  [[nodiscard]] const std::string& version() const { return version_; }

 private:
  using Attaching = std::function<base::Result<engine::Snapshot>(std::span<const std::byte>)>;
  static base::Result<std::shared_ptr<const AttachedImage>> Keep(engine::ImageBytes image,
                                                                 const Attaching& attach);

  engine::ImageBytes bytes_;
  engine::Snapshot snapshot_;
  std::string version_;
};

/// What a set changes against the one with the version `from`.
struct SetDifference {
  static constexpr std::size_t kMaxKeys = 1'000;  // more are told as "any flag"

  std::string from;
  std::vector<std::string> keys;  // sorted
};

/// Memory that clients may map, for handing over. Immutable but for the control page behind it.
struct Mappable {
  std::shared_ptr<const base::Descriptor> control;
  std::shared_ptr<const base::Descriptor> image;
  std::shared_ptr<const base::Descriptor> defaults;  // null: none
  std::uint64_t serial = 0;
  std::uint64_t image_bytes = 0;
  std::uint64_t default_bytes = 0;
};

/// Immutable once published; a change of any member is a new Published.
struct Published {
  std::string environment;
  std::shared_ptr<const AttachedImage> image;     // null: there is no flag set yet
  std::shared_ptr<const AttachedImage> defaults;  // per-flag defaults of the configuration, or null
  std::shared_ptr<const Mappable> mappable;       // the same for clients to map; null: not offered
  Source source = Source::kDefault;               // of `image`
  /// When the upstream last said that `image` is current (or, for a bootstrap file, when it was
  /// loaded), by the steady clock.
  base::SteadyMillis confirmed_at = 0;
  /// False for a bootstrap file: nobody ever said that it is current, so its answers are stale.
  bool is_confirmed = true;
  /// It is older than the newest that is here, on purpose: an operator's order, or a suspicion.
  bool is_held_back = false;
  /// An answer is stale when its flag set was confirmed longer ago than this.
  std::int64_t stale_after_millis = 60'000;
  /// The keys, in order, of the flags that are answered; the others are as if there were none.
  /// Null: all of them.
  std::shared_ptr<const std::vector<std::string>> only;
  /// What `image` has changed, for who is told of it; null: nobody knows.
  std::shared_ptr<const SetDifference> difference;
};

}  // namespace pennon::serving
