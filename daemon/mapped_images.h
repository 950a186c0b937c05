// The images that clients map: sealed memory, and the control page that says which is in force.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "serving/published.h"
#include "wire/control_page.h"

namespace pennon::daemon {

/// Confined to the control thread. Memory lives until its last holder lets go: a Published here, a
/// mapping elsewhere.
class MappedImages {
 public:
  MappedImages(const base::Clock& clock, base::Logger& log) : clock_(clock), log_(log) {}
  ~MappedImages();
  MappedImages(const MappedImages&) = delete;
  MappedImages& operator=(const MappedImages&) = delete;

  /// Whether Offer will copy an image while clients have another one to map.
  [[nodiscard]] bool IsBehind(const serving::Published& published) const {
    return offered_ != nullptr && image_ != published.image;
  }
  /// What clients are to map for this set; null when there is none, or no memory for it.
  std::shared_ptr<const serving::Mappable> Offer(const serving::Published& published);
  /// Tells clients what was offered last: to be called when workers answer from it.
  void Announce(const serving::Published& published);
  /// Tells clients that the daemon lives.
  void Beat();
  /// Clients must ask again whether they may map: the rules have changed.
  void Revoke();

 private:
  bool OpenControl();

  const base::Clock& clock_;
  base::Logger& log_;
  wire::ControlPage* page_ = nullptr;  // mapped for writing; before it was sealed
  std::shared_ptr<const base::Descriptor> control_;
  std::shared_ptr<const serving::AttachedImage> image_;  // that `offered_` holds
  std::shared_ptr<const serving::Mappable> offered_;
  std::uint64_t serial_ = 0;
};

}  // namespace pennon::daemon
