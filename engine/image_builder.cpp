#include "engine/image_builder.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <span>
#include <type_traits>

#include "engine/flag_blocks.h"
#include "engine/image_verifier.h"
#include "engine/limits.h"
#include "engine/literal.h"

namespace pennon::engine {
namespace {

constexpr std::size_t kMaxLinearSet = 8;
constexpr std::size_t kMaxGrowth = 8;  // of a table whose entries collide
constexpr std::uint64_t kSeedsPerSize = 32;

// Puts the numbers 0 … homes.size()-1 into the empty `slots`, each in a free slot from its home on.
// A number that is far from home takes the place of one that is nearer (Robin Hood hashing, Celis
// 1986): so the table may be rather full and no probe is long. False when one would be.
bool Place(std::span<std::uint32_t> slots, const std::vector<std::uint32_t>& homes) {
  const auto mask = static_cast<std::uint32_t>(slots.size() - 1);
  for (std::uint32_t i = 0; i < homes.size(); ++i) {
    std::uint32_t number = i;
    std::uint32_t distance = 0;
    for (std::uint32_t at = homes[i];; at = (at + 1) & mask, ++distance) {
      if (distance == kMaxProbe) return false;
      std::uint32_t& slot = slots[at];
      if (slot == kNone) {
        slot = number;
        break;
      }
      const std::uint32_t other = (at - homes[slot]) & mask;
      if (other >= distance) continue;
      std::swap(slot, number);
      distance = other;
    }
  }
  return true;
}

// Few of many slots are faster to guess about, many of few are faster to keep in the caches.
std::size_t SlotsFor(std::size_t count) {
  constexpr std::size_t kSmall = std::size_t{1} << 14U;
  return std::bit_ceil(std::max<std::size_t>(count * 4 <= kSmall ? count * 4 : count * 5 / 4, 2));
}

// Places the numbers 0 … count-1, with the hashes that `hash_of(i, seed)` gives, into an
// open-addressing table; tries seeds, then larger tables, until no probe is longer than kMaxProbe.
// So a list of keys made to collide costs a few more tries and not a slow lookup; none when they
// collide with every seed. The caller turns the numbers into what its slots hold.
template <typename HashOf>
std::optional<PlacedTable> PlaceAll(std::size_t count, const HashOf& hash_of) {
  std::vector<std::uint32_t> homes(count);
  const std::size_t least = SlotsFor(count);
  for (std::size_t size = least; size <= kMaxGrowth * least; size *= 2) {
    const auto mask = static_cast<std::uint32_t>(size - 1);
    for (std::uint64_t seed = 1; seed <= kSeedsPerSize; ++seed) {
      for (std::size_t i = 0; i < count; ++i) {
        homes[i] = static_cast<std::uint32_t>(hash_of(i, seed)) & mask;
      }
      PlacedTable table{std::vector<std::uint32_t>(size, kNone), seed};
      if (Place(table.slots, homes)) return table;
    }
  }
  return std::nullopt;
}

// Replaces every number in a table by `entry_of(number)`.
template <typename EntryOf>
void FillSlots(std::span<std::uint32_t> slots, const EntryOf& entry_of) {
  for (std::uint32_t& slot : slots) {
    if (slot != kNone) slot = entry_of(slot);
  }
}

Scalar ScalarOfValue(const model::Value& value) {
  if (const bool* boolean = value.AsBool()) return ScalarOf(*boolean);
  if (const std::int64_t* integer = value.AsInt()) return ScalarOf(*integer);
  if (const double* number = value.AsDouble()) return ScalarOf(*number);
  return ScalarOf(std::string_view(*value.AsString()));
}

model::Value Lower(const model::Value& value) {
  const std::string* text = value.AsString();
  if (text == nullptr) return value;
  std::string lower = *text;
  std::transform(lower.begin(), lower.end(), lower.begin(), LowerAscii);
  return lower;
}

// A value of a set: how it is stored, and how it is hashed.
struct SetMember {
  Literal literal;
  Scalar scalar;  // its text is the builder's caller's
};

// Keeps the first of equal values: no seed would ever tell them apart. Equal texts have equal
// places, so equal values are equal records.
void DropRepeated(std::vector<SetMember>& members) {
  static_assert(kHasNoPadding<Literal>);
  using Words = std::array<std::uint64_t, 2>;
  std::vector<std::pair<Words, std::size_t>> sorted;
  sorted.reserve(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    sorted.emplace_back(std::bit_cast<Words>(members[i].literal), i);
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<bool> is_repeated(members.size());
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i].first == sorted[i - 1].first) is_repeated[sorted[i].second] = true;
  }
  std::size_t number = 0;
  std::erase_if(members, [&](const SetMember&) { return is_repeated[number++]; });
}

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

ImageBuilder::ImageBuilder(const ImageView& base) : base_(&base) {
  const auto& header = base.BlockAt<ImageHeader>(0);
  constexpr std::uint32_t kTextAt = sizeof(ImageHeader);
  taken_text_ = base.Text({kTextAt, header.flags.offset - kTextAt});  // up to the first table
  texts_.emplace(base.Text(header.environment), header.environment);
  tables_.attributes.Take(base.attributes);
  tables_.paths.Take(base.paths);
  tables_.sets.Take(base.sets);
  tables_.literals.Take(base.literals);
  tables_.slots.Take(base.slots.first(header.flag_table.first_slot));  // the last one: FinishOver
  tables_.patterns.Take(base.patterns);
  tables_.variants.Take(base.variants);
  for (const std::uint32_t offset : base.segments) {
    AddSegment(base.image.subspan(offset, base.BlockAt<SegmentRecord>(offset).block_size));
  }
}

TextRef ImageBuilder::AddText(std::string_view text) {
  if (text.empty()) return {};
  const auto known = texts_.find(text);
  if (known != texts_.end()) return known->second;
  const TextRef ref{static_cast<std::uint32_t>(TextEnd()), static_cast<std::uint32_t>(text.size())};
  texts_.emplace(text, ref);
  text_ += text;
  return ref;
}

AttributeRef ImageBuilder::MakeAttribute(const std::vector<std::string>& path) {
  AttributeRef ref;
  ref.name = AddText(path.front());
  ref.members = {static_cast<std::uint32_t>(tables_.paths.size()),
                 static_cast<std::uint32_t>(path.size() - 1)};
  for (std::size_t i = 1; i < path.size(); ++i) tables_.paths.push_back(AddText(path[i]));
  return ref;
}

Range ImageBuilder::AddAttributes(const std::vector<std::vector<std::string>>& paths,
                                  bool chained) {
  std::string identity(chained && paths.size() > 1 ? "|" : "");
  for (const auto& path : paths) {
    for (const std::string& name : path) identity += std::to_string(name.size()) + ':' + name;
    identity += ';';
  }
  const auto [entry, is_new] = attribute_lists_.try_emplace(identity);
  if (is_new) {
    entry->second = {static_cast<std::uint32_t>(tables_.attributes.size()),
                     static_cast<std::uint32_t>(paths.size())};
    for (std::size_t i = 0; i < paths.size(); ++i) {
      AttributeRef attribute = MakeAttribute(paths[i]);
      const bool has_alternative = chained && i + 1 < paths.size();
      if (has_alternative)
        attribute.alternative = static_cast<std::uint32_t>(tables_.attributes.size() + 1);
      tables_.attributes.push_back(attribute);
    }
  }
  return entry->second;
}

std::uint32_t ImageBuilder::AddAttribute(const std::vector<std::string>& path) {
  return AddAttributes({path}).first;
}

std::uint32_t ImageBuilder::AddSet(const std::vector<model::Value>& values, bool ignore_case) {
  std::string identity;
  std::vector<model::Value> spellings;
  spellings.reserve(values.size());
  for (const model::Value& value : values) {
    spellings.push_back(ignore_case ? Lower(value) : value);
    model::AppendJson(identity, spellings.back());
    identity += ',';
  }
  const auto [entry, is_new] =
      set_index_.try_emplace(identity, static_cast<std::uint32_t>(tables_.sets.size()));
  if (!is_new) return entry->second;

  std::vector<SetMember> members;
  members.reserve(spellings.size());
  for (const model::Value& spelling : spellings) {
    const Scalar scalar = ScalarOfValue(spelling);
    Literal literal{scalar.kind, static_cast<std::uint32_t>(scalar.text.size()), scalar.payload};
    if (scalar.IsLongText()) literal.payload = AddText(scalar.text).offset;
    members.push_back({literal, scalar});
  }
  ValueSet set;
  if (members.size() > kMaxLinearSet) {
    DropRepeated(members);
    const auto hash_of = [&](std::size_t i, std::uint64_t seed) {
      return HashScalar(members[i].scalar, seed);
    };
    if (auto table = PlaceAll(members.size(), hash_of)) {
      FillSlots(table->slots,
                [&](std::uint32_t i) { return TaggedSlot::Make(hash_of(i, table->seed), i); });
      set.hashed = 1;
      set.table = AddTable(*table);
    }
  }
  set.literals = {static_cast<std::uint32_t>(tables_.literals.size()),
                  static_cast<std::uint32_t>(members.size())};
  for (const SetMember& member : members) tables_.literals.push_back(member.literal);
  tables_.sets.push_back(set);
  return entry->second;
}

std::uint32_t ImageBuilder::AddPattern(const std::string& pattern) {
  const auto [entry, is_new] =
      pattern_index_.try_emplace(pattern, static_cast<std::uint32_t>(tables_.patterns.size()));
  if (is_new) tables_.patterns.push_back(AddText(pattern));
  return entry->second;
}

Range ImageBuilder::AddVariants(const std::vector<VariantRecord>& variants) {
  // Equal texts have equal places, so equal records are equal variants.
  static_assert(kHasNoPadding<VariantRecord>);
  const auto* const bytes = reinterpret_cast<const char*>(variants.data());
  const auto [entry, is_new] =
      variant_lists_.try_emplace(std::string(bytes, variants.size() * sizeof(VariantRecord)));
  if (is_new) {
    entry->second = {static_cast<std::uint32_t>(tables_.variants.size()),
                     static_cast<std::uint32_t>(variants.size())};
    tables_.variants.Append(variants);
  }
  return entry->second;
}

void ImageBuilder::AddSegment(std::span<const std::byte> block) {
  tables_.segments.push_back(static_cast<std::uint32_t>(segment_blocks_.size()));
  segment_blocks_.insert(segment_blocks_.end(), block.begin(), block.end());
}

void ImageBuilder::AddFlag(std::string_view key, std::span<const std::byte> block) {
  flag_keys_.push_back(key);
  tables_.flags.push_back(static_cast<std::uint32_t>(flag_blocks_.size()));
  flag_blocks_.insert(flag_blocks_.end(), block.begin(), block.end());
}

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
  return Write(header, *flags_at, [this](std::byte* place) {
    std::copy(flag_blocks_.begin(), flag_blocks_.end(), place);
  });
}

base::Result<ImageBytes> ImageBuilder::FinishOver(std::span<const std::uint32_t> replaced,
                                                  std::string_view environment, std::uint64_t epoch,
                                                  std::uint64_t revision) {
  ImageHeader header = MakeHeader(environment, epoch, revision);
  std::vector<ReplacedBlock> added;
  for (std::size_t i = 0; i < replaced.size(); ++i) {
    const auto block = std::span<const std::byte>(flag_blocks_).subspan(tables_.flags.added()[i]);
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

HashTable ImageBuilder::AddTable(const PlacedTable& placed) {
  const HashTable table{static_cast<std::uint32_t>(tables_.slots.size()),
                        static_cast<std::uint32_t>(placed.slots.size() - 1), placed.seed};
  tables_.slots.Append(placed.slots);
  return table;
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
