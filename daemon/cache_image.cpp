// The compiled form of the newest generation, which spares a start the compilation.
#include <algorithm>

#include "base/digest.h"
#include "base/version.h"
#include "daemon/cache.h"
#include "engine/image.h"

namespace pennon::daemon {
namespace {

using base::Fail;
using base::Result;

constexpr std::size_t kMaxKeptImageBytes = std::size_t{512} << 20U;

// Over whose image it is, who made it, and its header, in which the checksum of all of it stands.
std::string ImageDigest(std::string_view generation, std::string_view build,
                        std::span<const std::byte> image) {
  const auto header = image.first(std::min(image.size(), sizeof(engine::ImageHeader)));
  base::Sha256 hash;
  hash.Update(generation);
  hash.Update("\n" + std::string(build) + '\n');
  hash.Update({reinterpret_cast<const char*>(header.data()), header.size()});
  return hash.FinishHex();
}

}  // namespace

Result<void> Cache::SaveImage(const GenerationName& of, std::span<const std::byte> image) {
  if (!database_ || image.size() > kMaxKeptImageBytes) return {};
  return database_->Transaction([&]() -> Result<void> {
    if (auto removed = database_->Execute("DELETE FROM image"); !removed) return removed;
    const auto id = NewestId();
    const auto head = id ? LoadHead(*id) : Fail(id.error());
    if (!head) return Fail(head.error());
    const auto& [generation, digest] = *head;
    const GenerationName newest{generation.head.epoch, generation.head.revision};
    if (newest != of || DigestOf(generation) != digest) return {};
    auto insert = database_->Prepare("INSERT INTO image VALUES (?, ?, ?, ?)");
    if (!insert) return Fail(insert.error());
    const std::string build = base::BuildId();
    insert->BindAll(std::string_view(digest), std::string_view(build),
                    std::string_view(ImageDigest(digest, build, image)), image);
    return insert->Run();
  });
}

std::optional<KeptImage> Cache::LoadImage() {
  if (!database_) return std::nullopt;
  const auto id = NewestId();
  auto head = id ? LoadHead(*id) : Fail(id.error());
  if (!head) return std::nullopt;
  auto& [generation, digest] = *head;
  const std::string build = base::BuildId();
  auto select =
      database_->Prepare("SELECT rowid, digest FROM image WHERE generation = ? AND build = ?");
  // That it has no lines of earlier sets is part of its digest.
  if (!select || build.empty() || DigestOf(generation) != digest) return std::nullopt;
  select->Bind(1, digest).Bind(2, build);
  const auto row = select->Step();
  if (!row || !*row) return std::nullopt;
  auto blob = database_->OpenBlob("image", "bytes", select->Int(0));
  if (!blob || blob->size() > kMaxKeptImageBytes) return std::nullopt;
  engine::ImageBytes image(blob->size());
  if (!blob->Read(image) || ImageDigest(digest, build, image) != select->Text(1)) {
    return std::nullopt;
  }
  return KeptImage{std::move(generation), std::move(image)};
}

}  // namespace pennon::daemon
