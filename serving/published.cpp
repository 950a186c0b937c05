#include "serving/published.h"

#include "engine/hash.h"
#include "serving/version.h"

namespace pennon::serving {

base::Result<std::shared_ptr<const AttachedImage>> AttachedImage::Make(
    engine::ImageBytes image, const AttachedImage* previous) {
  auto attached = std::make_shared<AttachedImage>();
  attached->bytes_ = std::move(image);
  auto snapshot = engine::Snapshot::Attach(attached->bytes_,
                                           previous != nullptr ? &previous->snapshot() : nullptr);
  if (!snapshot) return base::Fail(snapshot.error());
  attached->snapshot_ = *snapshot;
  const std::string_view all(reinterpret_cast<const char*>(attached->bytes_.data()),
                             attached->bytes_.size());
  attached->version_ =
      VersionText({snapshot->epoch(), snapshot->revision()}, engine::Hash64(all, 3));
  return attached;
}

}  // namespace pennon::serving
