#include "engine/snapshot.h"

#include <algorithm>
#include <new>

#include "base/short_text.h"
#include "engine/hash.h"
#include "engine/image_verifier.h"
#include "engine/limits.h"
#include "engine/regex.h"

namespace pennon::engine {

base::Result<Snapshot> Snapshot::Attach(std::span<const std::byte> image, const Snapshot* previous,
                                        Keeping keeping) {
  Snapshot snapshot;
  auto header = VerifyImage(image, snapshot.view_, keeping);
  if (!header) return base::Fail(header.error());
  snapshot.header_ = *header;
  if (keeping == Keeping::kMapped) {
    snapshot.verified_ = std::make_shared<VerifiedFlags>(image.size());
  }
  snapshot.ShareRegexes(previous);
  return snapshot;
}

base::Result<Snapshot> Snapshot::AttachPatched(std::span<const std::byte> image,
                                               const Snapshot& previous,
                                               std::span<const std::uint32_t> changed) {
  Snapshot snapshot;
  auto header = VerifyPatched(image, changed, snapshot.view_);
  if (!header) return base::Fail(header.error());
  snapshot.header_ = *header;
  snapshot.ShareRegexes(&previous);
  return snapshot;
}

void Snapshot::ShareRegexes(const Snapshot* previous) {
  std::vector<std::string_view> patterns;
  for (const TextRef& pattern : view_.patterns) patterns.push_back(view_.Text(pattern));
  regexes_ = std::make_shared<const Regexes>(
      patterns, previous != nullptr ? previous->regexes_.get() : nullptr);
  view_.regexes = regexes_.get();
}

bool Snapshot::Verify(FlagHandle flag) const {
  try {
    return VerifyFlag(view_, flag.offset, *verified_);
  } catch (const std::bad_alloc&) {  // another time, perhaps
    return false;
  }
}

std::string_view Snapshot::environment() const {
  return view_.Text(header_->environment);
}

std::string_view Snapshot::KeyWithin(FlagHandle flag) const {
  const std::string_view key = KeyOf(view_.BlockAt<FlagRecord>(flag.offset));
  const std::size_t room = view_.image.size() - flag.offset - sizeof(FlagRecord);
  return key.size() <= room ? key : std::string_view();
}

// A quarantined flag may have a key that is too long; many that are not sound may have the same.
std::string_view Snapshot::Key(FlagHandle flag) const {
  const std::string_view key = KeyWithin(flag);
  return key.size() <= kMaxKeyBytes || IsSound(flag) ? key : std::string_view();
}

std::optional<std::string_view> Snapshot::FindVariant(FlagHandle flag,
                                                      std::string_view name) const {
  if (name.empty()) return std::string_view();
  const Range range = view_.BlockAt<FlagRecord>(flag.offset).variants;
  for (const VariantRecord& variant : view_.variants.subspan(range.first, range.count)) {
    if (const std::string_view key = view_.Text(variant.key); key == name) return key;
  }
  return std::nullopt;
}

std::string_view Snapshot::VariantName(FlagHandle flag, std::size_t index) const {
  const Range range = view_.BlockAt<FlagRecord>(flag.offset).variants;
  return index < range.count ? view_.Text(view_.variants[range.first + index].key)
                             : std::string_view();
}

}  // namespace pennon::engine
