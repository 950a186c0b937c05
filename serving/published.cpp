#include "serving/published.h"

#include "serving/version.h"

namespace pennon::serving {

base::Result<std::shared_ptr<const AttachedImage>> AttachedImage::Make(
    engine::ImageBytes image, const AttachedImage* previous, engine::Keeping keeping) {
  return Keep(std::move(image), [&](std::span<const std::byte> bytes) {
    return engine::Snapshot::Attach(bytes, previous != nullptr ? &previous->snapshot() : nullptr,
                                    keeping);
  });
}

base::Result<std::shared_ptr<const AttachedImage>> AttachedImage::Make(
    engine::PatchedImage patched, const AttachedImage& previous) {
  return Keep(std::move(patched.image), [&](std::span<const std::byte> bytes) {
    return engine::Snapshot::AttachPatched(bytes, previous.snapshot(), patched.changed);
  });
}

base::Result<std::shared_ptr<const AttachedImage>> AttachedImage::Keep(engine::ImageBytes image,
                                                                       const Attaching& attach) {
  auto attached = std::make_shared<AttachedImage>();
  attached->bytes_ = std::move(image);
  auto snapshot = attach(attached->bytes_);
  if (!snapshot) return base::Fail(snapshot.error());
  attached->snapshot_ = *snapshot;
  attached->version_ = VersionText({snapshot->epoch(), snapshot->revision()}, snapshot->checksum());
  return attached;
}

}  // namespace pennon::serving
