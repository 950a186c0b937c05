#include "serving/published.h"

#include "serving/version.h"

namespace pennon::serving {

base::Result<std::shared_ptr<const AttachedImage>> AttachedImage::Make(
    engine::ImageBytes image, const AttachedImage* previous, engine::Keeping keeping) {
  auto attached = std::make_shared<AttachedImage>();
  attached->bytes_ = std::move(image);
  auto snapshot = engine::Snapshot::Attach(
      attached->bytes_, previous != nullptr ? &previous->snapshot() : nullptr, keeping);
  if (!snapshot) return base::Fail(snapshot.error());
  attached->snapshot_ = *snapshot;
  attached->version_ = VersionText({snapshot->epoch(), snapshot->revision()}, snapshot->checksum());
  return attached;
}

}  // namespace pennon::serving
