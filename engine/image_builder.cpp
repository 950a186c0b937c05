#include "engine/image_builder.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "engine/image_verifier.h"
#include "engine/limits.h"
#include "engine/literal.h"

namespace pennon::engine {
namespace {

constexpr std::size_t kMaxLinearSet = 8;
constexpr std::uint64_t kSeedsPerSize = 32;

// Places entry i, with the hash that `hash_of(i, seed)` gives, into an open-addressing table at the
// end of `slots`; tries seeds, then larger tables, until no probe is longer than kMaxProbe. So a
// list of keys made to collide costs a few more tries and not a slow lookup.
HashTable PlaceAll(std::vector<std::uint32_t>& slots, const std::vector<std::uint32_t>& entries,
                   const std::function<std::uint64_t(std::size_t, std::uint64_t)>& hash_of) {
  const std::size_t first = slots.size();
  for (std::size_t size = std::bit_ceil(std::max<std::size_t>(entries.size() * 2, 2));; size *= 2) {
    for (std::uint64_t seed = 1; seed <= kSeedsPerSize; ++seed) {
      slots.resize(first);
      slots.resize(first + size, kNone);
      const auto mask = static_cast<std::uint32_t>(size - 1);
      bool fits = true;
      for (std::size_t i = 0; fits && i < entries.size(); ++i) {
        std::uint64_t slot = hash_of(i, seed);
        std::uint32_t probe = 0;
        while (probe < kMaxProbe && slots[first + (slot & mask)] != kNone) ++slot, ++probe;
        fits = probe < kMaxProbe;
        if (fits) slots[first + (slot & mask)] = entries[i];
      }
      if (fits) return {static_cast<std::uint32_t>(first), mask, seed};
    }
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

// Copies the tables behind the image's end so far and notes where they went.
struct AppendTable {
  std::vector<std::byte>& image;

  template <typename T>
  void operator()(Section& section, const std::vector<T>& table) const {
    const std::size_t offset = (image.size() + 7) / 8 * 8;
    image.resize(offset + table.size() * sizeof(T));
    if (!table.empty()) std::memcpy(image.data() + offset, table.data(), table.size() * sizeof(T));
    section = {static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(table.size())};
  }
};

}  // namespace

ImageBuilder::ImageBuilder(std::uint64_t seed)
    : texts_(64, SeededHash{seed}),
      attribute_lists_(16, SeededHash{seed}),
      set_index_(16, SeededHash{seed}) {}

TextRef ImageBuilder::AddText(std::string_view text) {
  if (text.empty()) return {};
  const auto [entry, is_new] = texts_.try_emplace(std::string(text));
  if (is_new) {
    entry->second = {static_cast<std::uint32_t>(sizeof(ImageHeader) + text_.size()),
                     static_cast<std::uint32_t>(text.size())};
    text_ += text;
  }
  return entry->second;
}

AttributeRef ImageBuilder::MakeAttribute(const std::vector<std::string>& path) {
  const auto first = static_cast<std::uint32_t>(tables_.paths.size());
  for (const std::string& name : path) tables_.paths.push_back(AddText(name));
  return {{first, static_cast<std::uint32_t>(path.size())}};
}

Range ImageBuilder::AddAttributes(const std::vector<std::vector<std::string>>& paths) {
  std::string identity;
  for (const auto& path : paths) {
    for (const std::string& name : path) identity += std::to_string(name.size()) + ':' + name;
    identity += ';';
  }
  const auto [entry, is_new] = attribute_lists_.try_emplace(identity);
  if (is_new) {
    entry->second = {static_cast<std::uint32_t>(tables_.attributes.size()),
                     static_cast<std::uint32_t>(paths.size())};
    for (const auto& path : paths) tables_.attributes.push_back(MakeAttribute(path));
  }
  return entry->second;
}

std::uint32_t ImageBuilder::AddAttribute(const std::vector<std::string>& path) {
  return AddAttributes({path}).first;
}

std::uint32_t ImageBuilder::AddSet(const std::vector<model::Value>& values, bool ignore_case) {
  std::string identity;
  std::vector<model::Value> members;
  members.reserve(values.size());
  for (const model::Value& value : values) {
    members.push_back(ignore_case ? Lower(value) : value);
    model::AppendJson(identity, members.back());
    identity += ',';
  }
  const auto [entry, is_new] =
      set_index_.try_emplace(identity, static_cast<std::uint32_t>(tables_.sets.size()));
  if (!is_new) return entry->second;

  ValueSet set;
  set.literals = {static_cast<std::uint32_t>(tables_.literals.size()),
                  static_cast<std::uint32_t>(members.size())};
  std::vector<std::uint32_t> entries;
  for (const model::Value& member : members) {
    const Scalar scalar = ScalarOfValue(member);
    Literal literal{scalar.kind, static_cast<std::uint32_t>(scalar.text.size()), scalar.payload};
    if (scalar.kind == LiteralKind::kString) literal.payload = AddText(scalar.text).offset;
    entries.push_back(static_cast<std::uint32_t>(tables_.literals.size()));
    tables_.literals.push_back(literal);
  }
  if (members.size() > kMaxLinearSet) {
    set.hashed = 1;
    set.table = PlaceAll(tables_.slots, entries, [&](std::size_t i, std::uint64_t seed) {
      return HashScalar(ScalarOfValue(members[i]), seed);
    });
  }
  tables_.sets.push_back(set);
  return entry->second;
}

void ImageBuilder::AddSegment(const BlockBuilder& block) {
  tables_.segments.push_back(static_cast<std::uint32_t>(segment_blocks_.size()));
  segment_blocks_.insert(segment_blocks_.end(), block.bytes().begin(), block.bytes().end());
}

void ImageBuilder::AddFlag(std::string_view key, const BlockBuilder& block) {
  flag_keys_.emplace_back(key);
  tables_.flags.push_back(static_cast<std::uint32_t>(flag_blocks_.size()));
  flag_blocks_.insert(flag_blocks_.end(), block.bytes().begin(), block.bytes().end());
}

base::Result<std::vector<std::byte>> ImageBuilder::Finish(std::string_view environment,
                                                          std::uint64_t epoch,
                                                          std::uint64_t revision) {
  ImageHeader header;
  header.epoch = epoch;
  header.revision = revision;
  header.environment = AddText(environment);

  // The sizes of the tables are known before their contents: the flags' offsets depend on them.
  header.flag_table =
      PlaceAll(tables_.slots, tables_.flags,
               [&](std::size_t i, std::uint64_t seed) { return Hash64(flag_keys_[i], seed); });
  std::vector<std::byte> image(sizeof(ImageHeader) + text_.size());
  if (!text_.empty()) std::memcpy(image.data() + sizeof(ImageHeader), text_.data(), text_.size());
  std::vector<std::byte> sizing = image;
  ForEachTable(header, tables_, AppendTable{sizing});
  const std::size_t segments_at = (sizing.size() + 7) / 8 * 8;
  const std::size_t flags_at = segments_at + segment_blocks_.size();
  const std::size_t size = flags_at + flag_blocks_.size();
  if (size > kMaxImageBytes) {
    return base::Fail(base::Error::Limit(
        "flag set", "compiles to more than " + std::to_string(kMaxImageBytes) + " bytes"));
  }

  const std::span<std::uint32_t> flag_slots(tables_.slots.data() + header.flag_table.first_slot,
                                            header.flag_table.mask + std::size_t{1});
  for (std::uint32_t& slot : flag_slots) {
    if (slot != kNone) slot += static_cast<std::uint32_t>(flags_at);
  }
  for (std::uint32_t& offset : tables_.flags) offset += static_cast<std::uint32_t>(flags_at);
  for (std::uint32_t& offset : tables_.segments) offset += static_cast<std::uint32_t>(segments_at);
  ForEachTable(header, tables_, AppendTable{image});
  image.resize(segments_at);
  image.insert(image.end(), segment_blocks_.begin(), segment_blocks_.end());
  image.insert(image.end(), flag_blocks_.begin(), flag_blocks_.end());

  header.image_size = image.size();
  std::memcpy(image.data(), &header, sizeof(header));
  header.checksum = ImageChecksum(image);
  std::memcpy(image.data(), &header, sizeof(header));
  return image;
}

}  // namespace pennon::engine
