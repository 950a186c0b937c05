#include "serving/published.h"

namespace pennon::serving {

base::Result<std::shared_ptr<const AttachedImage>> AttachedImage::Make(
    engine::ImageBytes image, const AttachedImage* previous) {
  auto attached = std::make_shared<AttachedImage>();
  attached->bytes_ = std::move(image);
  auto snapshot = engine::Snapshot::Attach(attached->bytes_,
                                           previous != nullptr ? &previous->snapshot() : nullptr);
  if (!snapshot) return base::Fail(snapshot.error());
  attached->snapshot_ = *snapshot;
  return attached;
}

}  // namespace pennon::serving
