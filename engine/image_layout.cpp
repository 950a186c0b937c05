// How a builder's tables and blocks become the bytes of an image: where each goes, then the copy.
#include <algorithm>
#include <cstring>

#include "engine/flag_blocks.h"
#include "engine/image_builder.h"
#include "engine/image_verifier.h"
#include "engine/limits.h"

namespace pennon::engine {
namespace {

std::size_t AlignUp(std::size_t offset, std::size_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

// Decides where tables go: one behind the other.
struct LayOutTable {
  std::size_t end;

  template <typename T>
  void operator()(Section& section, const GrownTable<T>& table) {
    const std::size_t offset = AlignUp(end, 8);
    section = {static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(table.size())};
    end = offset + table.size() * sizeof(T);
  }
};

struct CopyTable {
  ImageBytes& image;

  template <typename T>
  void operator()(const Section& section, const GrownTable<T>& table) const {
    static_assert(kHasNoPadding<T>);
    const auto taken = std::as_bytes(table.taken());
    const auto added = std::as_bytes(table.added());
    std::byte* const place = image.data() + section.offset;
    std::copy(added.begin(), added.end(), std::copy(taken.begin(), taken.end(), place));
  }
};

}  // namespace

ImageHeader ImageBuilder::MakeHeader(std::string_view environment, std::uint64_t epoch,
                                     std::uint64_t revision) {
  ImageHeader header;
  header.epoch = epoch;
  header.revision = revision;
  header.environment = AddText(environment);
  return header;
}

base::Result<ImageBytes> ImageBuilder::Finish(std::string_view environment, std::uint64_t epoch,
                                              std::uint64_t revision) {
  ImageHeader header = MakeHeader(environment, epoch, revision);
  // The sizes of the tables are known before their contents: the flags' offsets depend on them.
  const auto hash_of = [&](std::size_t i, std::uint64_t seed) {
    return Hash64(flag_keys_[i], seed);
  };
  const auto flag_table = PlaceAll(tables_.flags.size(), hash_of);
  if (!flag_table) {
    return base::Fail(base::Error::Invalid("flag set", "has keys that were made to collide"));
  }
  header.flag_table = AddTable(*flag_table);
  const auto flags_at = LayOut(header, flag_blocks_.size());
  if (!flags_at) return base::Fail(flags_at.error());
  const auto flags = tables_.flags.Last(tables_.flags.size());
  for (std::uint32_t& offset : flags) offset += *flags_at;
  FillSlots(tables_.slots.Last(flag_table->slots.size()), [&](std::uint32_t i) {
    return TaggedSlot::Make(hash_of(i, flag_table->seed), flags[i] / kBlockAlignment);
  });
  return Write(header, *flags_at, [this](std::byte* place) { flag_blocks_.CopyTo(place); });
}

base::Result<ImageBytes> ImageBuilder::FinishOver(std::span<const std::uint32_t> replaced,
                                                  std::string_view environment, std::uint64_t epoch,
                                                  std::uint64_t revision) {
  ImageHeader header = MakeHeader(environment, epoch, revision);
  std::vector<ReplacedBlock> added;
  for (std::size_t i = 0; i < replaced.size(); ++i) {
    const auto block = flag_blocks_.From(tables_.flags.added()[i]);
    added.push_back({replaced[i], block.first(RecordAt<FlagRecord>(block.front(), 0).block_size)});
  }
  const FlagBlocks blocks(*base_, added);
  // Keys have stayed, so each slot is of the flag that it was of.
  const HashTable& table = base_->BlockAt<ImageHeader>(0).flag_table;
  const auto slots = base_->slots.subspan(table.first_slot, table.mask + std::size_t{1});
  header.flag_table = AddTable({{slots.begin(), slots.end()}, table.seed});
  tables_.flags = {};
  tables_.flags.Append(base_->flags);
  const auto flags_at = LayOut(header, blocks.size());
  if (!flags_at) return base::Fail(flags_at.error());
  for (std::uint32_t& offset : tables_.flags.Last(base_->flags.size())) {
    offset = *flags_at + blocks.Moved(offset);
  }
  FillSlots(tables_.slots.Last(slots.size()), [&](std::uint32_t slot) {
    const std::uint32_t before = TaggedSlot::IndexOf(slot);
    const std::uint32_t offset = *flags_at + blocks.Moved(before * kBlockAlignment);
    return slot - before + offset / kBlockAlignment;
  });
  return Write(header, *flags_at, [&](std::byte* place) { blocks.CopyTo(place); });
}

base::Result<std::uint32_t> ImageBuilder::LayOut(ImageHeader& header, std::size_t flag_bytes) {
  LayOutTable layout{TextEnd()};
  ForEachTable(header, tables_, layout);
  const std::size_t segments_at = AlignUp(layout.end, kBlockAlignment);
  const std::size_t flags_at = segments_at + segment_blocks_.size();
  const std::size_t size = flags_at + flag_bytes;
  if (tables_.patterns.size() > kMaxPatterns) {
    return base::Fail(base::Error::Limit(
        "flag set", "has more than " + std::to_string(kMaxPatterns) + " regular expressions"));
  }
  if (size > kMaxImageBytes) {
    return base::Fail(base::Error::Limit(
        "flag set", "compiles to more than " + std::to_string(kMaxImageBytes) + " bytes"));
  }
  for (std::uint32_t& offset : tables_.segments.Last(tables_.segments.size())) {
    offset += static_cast<std::uint32_t>(segments_at);
  }
  header.image_size = size;
  return static_cast<std::uint32_t>(flags_at);
}

ImageBytes ImageBuilder::Write(ImageHeader& header, std::uint32_t flags_at,
                               const std::function<void(std::byte*)>& copy_flags) const {
  ImageBytes image(header.image_size);
  char* const text = reinterpret_cast<char*>(image.data()) + sizeof(ImageHeader);
  std::copy(text_.begin(), text_.end(), std::copy(taken_text_.begin(), taken_text_.end(), text));
  // Between tables are a few bytes of nobody's.
  std::memset(image.data() + TextEnd(), 0, flags_at - TextEnd());
  ForEachTable(header, tables_, CopyTable{image});
  std::copy(segment_blocks_.begin(), segment_blocks_.end(),
            image.data() + flags_at - segment_blocks_.size());
  copy_flags(image.data() + flags_at);
  std::memcpy(image.data(), &header, sizeof(header));
  header.checksum = ImageChecksum(image);
  std::memcpy(image.data(), &header, sizeof(header));
  return image;
}

}  // namespace pennon::engine
