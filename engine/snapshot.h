// An image made ready for evaluation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/short_text.h"
#include "engine/hash.h"
#include "engine/image_view.h"
#include "engine/verified_flags.h"

namespace pennon::engine {

/// A flag found once, for evaluating it by handle. Valid for the snapshot that gave it.
struct FlagHandle {
  std::uint32_t offset = 0;  // of the flag's block in the image
};

/// A key that is looked for in one snapshot, hashed once.
struct HashedKey {
  std::string_view text;
  std::uint64_t hash = 0;
  std::uint32_t at = 0;  // the slot that is looked at next, counted on beyond the table's end
};

/// A verified view of an image: every offset, index and bound was checked by Attach, or when the
/// flag was found, so evaluation reads in place without checking again. Borrows the bytes, which
/// must stay unchanged for its lifetime. Safe to read from any thread.
class Snapshot {
 public:
  /// Checks bytes from anywhere, also hostile ones: an error, or a snapshot that cannot make the
  /// engine read outside them. The bytes must be aligned to 8. Regular expressions that `previous`
  /// has, too, are shared with it. With Keeping::kMapped a flag that is not sound is not found.
  static base::Result<Snapshot> Attach(std::span<const std::byte> image,
                                       const Snapshot* previous = nullptr,
                                       Keeping keeping = Keeping::kStored);
  /// The same of an image that this program has just patched out of that of `previous`: of flags,
  /// those with the indices `changed` are checked; the others were, and are the same bytes.
  static base::Result<Snapshot> AttachPatched(std::span<const std::byte> image,
                                              const Snapshot& previous,
                                              std::span<const std::uint32_t> changed);

  [[nodiscard]] std::string_view environment() const;
  [[nodiscard]] std::uint64_t epoch() const { return header_->epoch; }
  [[nodiscard]] std::uint64_t revision() const { return header_->revision; }
  /// Of the image, as its header has it.
  [[nodiscard]] std::uint64_t checksum() const { return header_->checksum; }
  [[nodiscard]] std::uint32_t flag_count() const { return header_->flags.count; }

  [[nodiscard]] std::optional<FlagHandle> Find(std::string_view key) const {
    return Find(Hashed(key));
  }
  /// The key as this snapshot looks for it.
  [[nodiscard]] HashedKey Hashed(std::string_view key) const {
    const std::uint64_t hash = Hash64(key, header_->flag_table.seed);
    return {key, hash, static_cast<std::uint32_t>(hash)};
  }
  /// `key` is this snapshot's.
  [[nodiscard]] std::optional<FlagHandle> Find(HashedKey key) const;

  // Memory takes longer to come than a flag to be evaluated. So who knows several keys, or one
  // before its context, seeks and approaches them, with other things in between, before they are
  // found.

  /// Hashed, and its slot asked for.
  [[nodiscard]] HashedKey Seek(std::string_view key) const {
    const HashedKey sought = Hashed(key);
    __builtin_prefetch(&SlotAt(sought.at));
    return sought;
  }
  /// Goes on to the slot that has the key's tag, and asks the processor for the flag's memory,
  /// without waiting for it. The offset of the flag's block, which may yet be another one's; kNone:
  /// there is no flag of this key.
  std::uint32_t Approach(HashedKey& key) const;

  /// Whether an evaluation of the flag may look at its Moment: without, it needs no clock.
  [[nodiscard]] bool AsksMoment(FlagHandle flag) const {
    return (view_.BlockAt<FlagRecord>(flag.offset).traits & FlagTrait::kAsksMoment) != 0;
  }
  /// Bytes of the flag's block.
  [[nodiscard]] std::uint32_t BlockSize(FlagHandle flag) const {
    return view_.BlockAt<FlagRecord>(flag.offset).block_size;
  }
  /// The flags in the order of their keys (bytewise) and offsets: index 0 … flag_count()-1.
  [[nodiscard]] FlagHandle At(std::uint32_t index) const { return {view_.flags[index]}; }
  /// Whether a flag that At has given may be evaluated; it may, but with Keeping::kMapped.
  [[nodiscard]] bool IsSound(FlagHandle flag) const {
    return verified_ == nullptr || verified_->IsSound(flag.offset) || Verify(flag);
  }
  /// Of a flag that is not sound it may be any kMaxKeyBytes that the image holds, or "".
  [[nodiscard]] std::string_view Key(FlagHandle flag) const;
  /// The image's own text of a variant of `flag`, as evaluations have it; "" is that of none.
  [[nodiscard]] std::optional<std::string_view> FindVariant(FlagHandle flag,
                                                            std::string_view name) const;
  /// The name of a variant of `flag` by its index; "" when there are not so many.
  [[nodiscard]] std::string_view VariantName(FlagHandle flag, std::size_t index) const;

  /// For the evaluator: the image's sections.
  [[nodiscard]] const ImageView& view() const { return view_; }

 private:
  [[nodiscard]] const std::uint32_t& SlotAt(std::uint32_t at) const {
    const HashTable& table = header_->flag_table;
    return view_.slots[table.first_slot + (at & table.mask)];
  }
  [[gnu::noinline]] bool Verify(FlagHandle flag) const;
  /// The key of any flag; "" when it does not end inside the image.
  [[nodiscard]] std::string_view KeyWithin(FlagHandle flag) const;
  void ShareRegexes(const Snapshot* previous);

  const ImageHeader* header_ = nullptr;
  std::shared_ptr<const Regexes> regexes_;   // shared by copies
  std::shared_ptr<VerifiedFlags> verified_;  // shared by copies; null: all are
  ImageView view_;
};

inline std::uint32_t Snapshot::Approach(HashedKey& key) const {
  const std::uint32_t end = static_cast<std::uint32_t>(key.hash) + kMaxProbe;
  for (; key.at != end; ++key.at) {
    const std::uint32_t slot = SlotAt(key.at);
    if (slot == kNone) break;
    if (TaggedSlot::TagOf(slot) != TaggedSlot::Tag(key.hash)) continue;
    const std::uint32_t offset = TaggedSlot::IndexOf(slot) * kBlockAlignment;
    view_.PrefetchBlock(offset);
    return offset;
  }
  return kNone;
}

inline std::optional<FlagHandle> Snapshot::Find(HashedKey key) const {
  for (std::uint32_t offset; (offset = Approach(key)) != kNone; ++key.at) {
    const FlagHandle flag{offset};
    const std::string_view found =
        verified_ == nullptr ? KeyOf(view_.BlockAt<FlagRecord>(offset)) : KeyWithin(flag);
    if (base::SameText(found, key.text) && IsSound(flag)) return flag;
  }
  return std::nullopt;
}

}  // namespace pennon::engine
