#include "engine/image_builder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "engine/literal.h"

namespace pennon::engine {
namespace {

constexpr std::size_t kMaxLinearSet = 8;

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

Range ImageBuilder::AddAttributes(std::span<const std::vector<std::string>> paths, bool chained) {
  std::string identity(chained && paths.size() > 1 ? "|" : "");
  for (const auto& path : paths) {
    for (const std::string& name : path) {
      identity.append(std::to_string(name.size())).append(1, ':').append(name);
    }
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
  return AddAttributes(std::span(&path, 1)).first;
}

std::uint32_t ImageBuilder::AddSet(const std::vector<model::Value>& values, bool ignore_case) {
  if (ignore_case) {
    std::vector<model::Value> lower(values.size());
    std::transform(values.begin(), values.end(), lower.begin(), Lower);
    return AddSet(lower, false);
  }
  std::string identity;
  for (const model::Value& value : values) {
    model::AppendJson(identity, value);
    identity += ',';
  }
  const auto [entry, is_new] =
      set_index_.try_emplace(identity, static_cast<std::uint32_t>(tables_.sets.size()));
  if (!is_new) return entry->second;

  std::vector<SetMember> members;
  members.reserve(values.size());
  for (const model::Value& value : values) {
    const Scalar scalar = ScalarOfValue(value);
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
  const std::string_view identity(bytes, variants.size() * sizeof(VariantRecord));
  const auto known = variant_lists_.find(identity);
  if (known != variant_lists_.end()) return known->second;
  const Range range{static_cast<std::uint32_t>(tables_.variants.size()),
                    static_cast<std::uint32_t>(variants.size())};
  variant_lists_.emplace(identity, range);
  tables_.variants.Append(variants);
  return range;
}

void ImageBuilder::AddSegment(std::span<const std::byte> block) {
  tables_.segments.push_back(static_cast<std::uint32_t>(segment_blocks_.size()));
  segment_blocks_.insert(segment_blocks_.end(), block.begin(), block.end());
}

void ImageBuilder::AddFlag(std::string_view key, std::span<const std::byte> block) {
  flag_keys_.push_back(key);
  tables_.flags.push_back(static_cast<std::uint32_t>(flag_blocks_.size()));
  flag_blocks_.Append(block);
}

HashTable ImageBuilder::AddTable(const PlacedTable& placed) {
  const HashTable table{static_cast<std::uint32_t>(tables_.slots.size()),
                        static_cast<std::uint32_t>(placed.slots.size() - 1), placed.seed};
  tables_.slots.Append(placed.slots);
  return table;
}

}  // namespace pennon::engine
