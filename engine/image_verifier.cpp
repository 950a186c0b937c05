#include "engine/image_verifier.h"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/block_reader.h"
#include "engine/hash.h"
#include "engine/limits.h"
#include "engine/logic_verifier.h"
#include "engine/regex.h"
#include "model/flag_set.h"

namespace pennon::engine {
namespace {

using base::Error;
using base::Fail;

constexpr std::size_t kChecksumEnd = offsetof(ImageHeader, checksum) + sizeof(std::uint64_t);

class Verifier {
 public:
  /// Without `verified` all flags are verified, with it those that are asked for.
  explicit Verifier(const ImageView& view, VerifiedFlags* verified = nullptr)
      : view_(view), verified_(verified) {}

  bool Verify(const ImageHeader& header, Keeping keeping) {
    return Shared(header) && (keeping == Keeping::kMapped || Each<FlagRecord>(view_.flags));
  }
  bool VerifyPatched(const ImageHeader& header, std::span<const std::uint32_t> changed) {
    return Shared(header) && std::all_of(changed.begin(), changed.end(), [this](auto index) {
             return In(index, view_.flags) && CheckBlock<FlagRecord>(view_.flags, index);
           });
  }

  bool Flag(std::uint32_t offset) {
    if (verified_->IsSound(offset)) return true;
    if (verified_->IsUnsound(offset)) return false;
    const auto at = std::lower_bound(view_.flags.begin(), view_.flags.end(), offset);
    const auto index = static_cast<std::size_t>(at - view_.flags.begin());
    const bool is_sound = CheckBlock<FlagRecord>(view_.flags, index);
    verified_->Note(offset, is_sound);
    return is_sound;
  }

 private:
  // All but the flags' blocks.
  bool Shared(const ImageHeader& header) {
    return Text(header.environment) && All(view_.literals) && All(view_.sets) && All(view_.paths) &&
           All(view_.attributes) && All(view_.variants) && Patterns() &&
           InOrder<FlagRecord>(view_.flags) && InOrder<SegmentRecord>(view_.segments) &&
           FlagTable(header.flag_table) && Each<SegmentRecord>(view_.segments);
  }
  template <typename T>
  bool All(std::span<const T> records) {
    return std::all_of(records.begin(), records.end(), [this](const T& r) { return Check(r); });
  }
  template <typename T>
  static bool In(std::uint32_t index, std::span<const T> table) {
    return index < table.size();
  }
  template <typename T>
  static bool In(Range range, std::span<const T> table) {
    return std::uint64_t{range.first} + range.count <= table.size();
  }
  [[nodiscard]] bool Text(TextRef ref) const {
    return std::uint64_t{ref.offset} + ref.size <= view_.image.size();
  }

  // Blocks lie one after the other, and where each begins is inside the image. Only the offsets
  // are read: to touch each of a hundred thousand blocks would cost a process all their pages.
  template <typename Record>
  bool InOrder(std::span<const std::uint32_t> offsets) {
    std::uint64_t end = sizeof(ImageHeader);
    for (const std::uint32_t offset : offsets) {
      if (offset < end || offset % kBlockAlignment != 0) return false;
      end = std::uint64_t{offset} + sizeof(Record);
    }
    return end <= view_.image.size();
  }
  template <typename Record>
  bool Each(std::span<const std::uint32_t> offsets) {
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      if (!CheckBlock<Record>(offsets, i)) return false;
    }
    return true;
  }
  // A block ends where the next one begins, or before.
  template <typename Record>
  bool CheckBlock(std::span<const std::uint32_t> offsets, std::size_t index) {
    const std::uint32_t offset = offsets[index];
    const std::size_t end = index + 1 < offsets.size() ? offsets[index + 1] : view_.image.size();
    const auto& record = view_.BlockAt<Record>(offset);
    return record.block_size >= sizeof(Record) && record.block_size <= end - offset &&
           Check(record);
  }
  // Tables may not overlap: each draws its slots from the total.
  bool Slots(const HashTable& table, std::span<const std::uint32_t>& slots) {
    const std::uint64_t size = std::uint64_t{table.mask} + 1;
    slots_drawn_ += size;
    if ((size & table.mask) != 0 || table.first_slot + size > view_.slots.size() ||
        slots_drawn_ > view_.slots.size()) {
      return false;
    }
    slots = view_.slots.subspan(table.first_slot, size);
    return true;
  }
  bool FlagTable(const HashTable& table) {
    std::span<const std::uint32_t> slots;
    if (!Slots(table, slots)) return false;
    // There are several slots to a flag, and a search for each took half of the verifier's time.
    constexpr std::size_t kBits = 64;
    const std::size_t blocks = view_.image.size() / kBlockAlignment + 1;
    std::vector<std::uint64_t> begins_flag(blocks / kBits + 1);
    for (const std::uint32_t offset : view_.flags) {
      const std::size_t block = offset / kBlockAlignment;
      begins_flag[block / kBits] |= std::uint64_t{1} << block % kBits;
    }
    const auto is_good = [&](std::uint32_t slot) {
      const std::size_t block = TaggedSlot::IndexOf(slot);
      return slot == kNone ||
             (block < blocks && (begins_flag[block / kBits] >> block % kBits & 1U) != 0);
    };
    return std::all_of(slots.begin(), slots.end(), is_good);
  }

  bool Check(const Literal& literal) const {
    if (literal.kind > LiteralKind::kString) return false;
    if (literal.kind != LiteralKind::kString) return literal.size == 0;
    if (literal.size <= kInlineText) return true;
    return literal.payload <= view_.image.size() &&
           literal.size <= view_.image.size() - literal.payload;
  }
  bool Check(const ValueSet& set) {
    if (!In(set.literals, view_.literals)) return false;
    std::span<const std::uint32_t> slots;
    if (set.hashed == 0) return true;
    return Slots(set.table, slots) && std::all_of(slots.begin(), slots.end(), [&](std::uint32_t s) {
             return s == kNone || TaggedSlot::IndexOf(s) < set.literals.count;
           });
  }
  [[nodiscard]] bool Patterns() const {
    return view_.patterns.size() <= kMaxPatterns &&
           std::all_of(view_.patterns.begin(), view_.patterns.end(),
                       [this](const TextRef& pattern) {
                         return pattern.size <= kMaxPatternBytes + kIgnoreCasePrefix.size() &&
                                Text(pattern);
                       });
  }
  bool Check(const TextRef& path) const { return Text(path); }
  bool Check(const AttributeRef& attribute) {
    // Each alternative is the next attribute, so they end, and after a few.
    const auto index = static_cast<std::size_t>(&attribute - view_.attributes.data());
    alternatives_ = attribute.alternative == kNone ? 0 : alternatives_ + 1;
    return Text(attribute.name) && attribute.members.count < kMaxAttributeSegments &&
           In(attribute.members, view_.paths) && alternatives_ < kMaxBucketAttributes &&
           (attribute.alternative == kNone ||
            (attribute.alternative == index + 1 && In(attribute.alternative, view_.attributes)));
  }

  // `max_height` bounds the segments that may be asked, so that segments end.
  bool Steps(BlockReader& block, Part<Step> part, unsigned max_height) {
    std::span<const Step> steps;
    if (!block.Holds(part, steps)) return false;
    for (std::uint32_t i = 0; i < part.count; ++i) {
      if (!Jump(steps[i].on_true, i, part.count) || !Jump(steps[i].on_false, i, part.count) ||
          !Reads(steps[i], max_height)) {
        return false;
      }
    }
    return true;
  }
  static bool Jump(std::uint32_t target, std::uint32_t from, std::uint32_t count) {
    return target >= kReject || (target > from && target < count);
  }
  [[nodiscard]] bool Reads(const Step& step, unsigned max_height) const {
    if (static_cast<std::uint8_t>(step.op) > kLastStepOp) return false;
    if (step.op == StepOp::kWindow) return In(step.operand, view_.sets);
    if (step.op == StepOp::kSegment) {
      return In(step.attribute, view_.segments) &&
             view_.BlockAt<SegmentRecord>(view_.segments[step.attribute]).height < max_height;
    }
    return In(step.attribute, view_.attributes) &&
           (step.op == StepOp::kExists || step.op == StepOp::kIsNull ||
            In(step.operand, view_.sets));
  }

  bool Check(const SegmentRecord& segment) {
    BlockReader block(&segment, segment.block_size);
    return Text(segment.key) && segment.height <= kMaxReferenceDepth &&
           In(segment.attribute, view_.attributes) &&
           (segment.included == kNone || In(segment.included, view_.sets)) &&
           (segment.excluded == kNone || In(segment.excluded, view_.sets)) &&
           Steps(block, segment.when, segment.height);
  }

  bool Check(const FlagRecord& flag) {
    BlockReader block(&flag, flag.block_size);
    std::span<const char> key;
    if (!block.Holds(Part<char>{sizeof(FlagRecord), flag.key_size}, key) || !Text(flag.metadata) ||
        flag.state > FlagState::kBroken ||
        flag.type > static_cast<std::uint8_t>(model::ValueType::kObject) ||
        flag.height > kMaxReferenceDepth || flag.variants.count > kMaxVariants ||
        !In(flag.variants, view_.variants)) {
      return false;
    }
    const auto variants = view_.variants.subspan(flag.variants.first, flag.variants.count);
    return Texts(flag, variants) && (flag.off_variant == kNone || In(flag.off_variant, variants)) &&
           Rare(block, flag) && Rules(block, flag) && Serves(block, flag, flag.fallthrough);
  }
  // The same variants may be those of many flags: what is true of each is checked once.
  bool Check(const VariantRecord& variant) const {
    return variant.key.size <= kMaxKeyBytes && Text(variant.key) && Text(variant.json) &&
           Text(variant.metadata);
  }
  [[nodiscard]] bool Texts(const FlagRecord& flag, std::span<const VariantRecord> variants) const {
    if (flag.type != static_cast<std::uint8_t>(model::ValueType::kString)) return true;
    return std::all_of(variants.begin(), variants.end(), [&](const VariantRecord& variant) {
      return Text(std::bit_cast<TextRef>(variant.payload));
    });
  }
  bool Rare(BlockReader& block, const FlagRecord& flag) {
    if (flag.rare == kNone) return true;
    const auto* rare = block.Record<RareRecord>(flag.rare);
    return rare != nullptr && Prerequisites(block, flag, rare->prerequisites) &&
           Targets(block, flag, rare->targets) && Kill(block, rare->kill);
  }
  bool Prerequisites(BlockReader& block, const FlagRecord& flag, Part<PrerequisiteRecord> part) {
    std::span<const PrerequisiteRecord> prerequisites;
    if (!block.Holds(part, prerequisites)) return false;
    return std::all_of(prerequisites.begin(), prerequisites.end(), [&](const auto& prerequisite) {
      std::span<const std::uint32_t> variants;
      if (!In(prerequisite.flag, view_.flags) || !block.Holds(prerequisite.variants, variants)) {
        return false;
      }
      const std::uint32_t asked = view_.flags[prerequisite.flag];
      // The heights go down, and so this ends.
      return view_.BlockAt<FlagRecord>(asked).height < flag.height &&
             (verified_ == nullptr || Flag(asked));
    });
  }
  bool Targets(BlockReader& block, const FlagRecord& flag, Part<TargetRecord> part) {
    std::span<const TargetRecord> targets;
    if (!block.Holds(part, targets)) return false;
    return std::all_of(targets.begin(), targets.end(), [&](const TargetRecord& target) {
      return target.variant < flag.variants.count && In(target.attribute, view_.attributes) &&
             In(target.values, view_.sets);
    });
  }
  bool Rules(BlockReader& block, const FlagRecord& flag) {
    std::span<const RuleRecord> rules;
    if (!block.Holds(flag.rules, rules)) return false;
    return std::all_of(rules.begin(), rules.end(), [&](const RuleRecord& rule) {
      return Text(rule.id) && Steps(block, rule.when, kMaxReferenceDepth + 1U) &&
             Serves(block, flag, rule.serve) && Gate(block, rule.gate);
    });
  }
  static bool Kill(BlockReader& block, std::uint32_t offset) {
    if (offset == kNone) return true;
    const auto* kill = block.Record<KillRecord>(offset);
    return kill != nullptr && kill->after <= FlagState::kOff;
  }
  bool Gate(BlockReader& block, std::uint32_t offset) {
    if (offset == kNone) return true;
    const auto* gate = block.Record<GateRecord>(offset);
    return gate != nullptr && Reads(gate->bucketing) && gate->total != 0;
  }
  bool Serves(BlockReader& block, const FlagRecord& flag, const ServeRecord& serve) {
    switch (serve.kind) {
      case ServeKind::kVariant:
        return serve.index < flag.variants.count;
      case ServeKind::kSplit:
        return Splits(block, flag, serve.index);
      case ServeKind::kLogic:
        return Logic(block, flag, serve.index);
      case ServeKind::kOff:
      case ServeKind::kCodeDefault:
        return true;
    }
    return false;
  }
  bool Logic(BlockReader& block, const FlagRecord& flag, std::uint32_t offset) {
    const auto* logic = block.Record<LogicRecord>(offset);
    return logic != nullptr && VerifyLogic(view_, flag, *logic, block);
  }
  bool Splits(BlockReader& block, const FlagRecord& flag, std::uint32_t offset) {
    const auto* split = block.Record<SplitRecord>(offset);
    std::span<const WeightRecord> weights;
    return split != nullptr && split->total != 0 && Reads(split->bucketing) &&
           block.Holds(split->weights, weights) &&
           (split->missing >= kMissingIsRandom || split->missing < flag.variants.count) &&
           Ramp(block, flag, split->ramp) && !weights.empty() &&
           std::all_of(weights.begin(), weights.end(),
                       [&](const auto& weight) { return weight.variant < flag.variants.count; });
  }
  static bool Ramp(BlockReader& block, const FlagRecord& flag, std::uint32_t offset) {
    if (offset == kNone) return true;
    const auto* ramp = block.Record<RampRecord>(offset);
    return ramp != nullptr && ramp->variant < flag.variants.count && ramp->from < ramp->to;
  }
  [[nodiscard]] bool Reads(const Bucketing& bucketing) const {
    return bucketing.placing <= Placing::kUnleash &&
           bucketing.attributes.count <= kMaxBucketAttributes &&
           In(bucketing.attributes, view_.attributes);
  }

  const ImageView& view_;
  VerifiedFlags* verified_;
  std::uint64_t slots_drawn_ = 0;
  std::size_t alternatives_ = 0;  // in a row, up to the attribute that is looked at
};

// Points `array` at the records of `section`, if they lie inside the image.
struct MapTable {
  std::span<const std::byte> image;
  bool ok = true;

  template <typename T>
  void operator()(const Section& section, std::span<const T>& array) {
    const std::uint64_t bytes = std::uint64_t{section.count} * sizeof(T);
    if (section.offset % alignof(T) != 0 || section.offset < sizeof(ImageHeader) ||
        section.offset + bytes > image.size()) {
      ok = false;
      return;
    }
    array = {reinterpret_cast<const T*>(image.data() + section.offset), section.count};
  }
};

Error Wrong(std::string_view what) {
  return Error::Invalid("image", what);
}

base::Result<const ImageHeader*> HeaderOf(std::span<const std::byte> image) {
  if (reinterpret_cast<std::uintptr_t>(image.data()) % alignof(ImageHeader) != 0) {
    return Fail(Wrong("is not aligned to 8 bytes"));
  }
  if (image.size() < sizeof(ImageHeader) || image.size() > kMaxImageBytes) {
    return Fail(Wrong("has an impossible size"));
  }
  const auto* header = reinterpret_cast<const ImageHeader*>(image.data());
  if (header->magic != kImageMagic) return Fail(Wrong("does not begin with the magic bytes"));
  if (header->major != kImageMajor) {
    return Fail(Wrong("has major version " + std::to_string(header->major) +
                      ", this program reads " + std::to_string(kImageMajor)));
  }
  if (header->header_size < sizeof(ImageHeader) || header->image_size != image.size()) {
    return Fail(Wrong("is cut off or has bytes too many"));
  }
  return header;
}

// Maps the tables and has `verify` look at what is in them.
template <typename Verify>
base::Result<const ImageHeader*> VerifyTables(const ImageHeader* header,
                                              std::span<const std::byte> image, ImageView& view,
                                              const Verify& verify) {
  view.image = image;
  MapTable map{image};
  ForEachTable(*header, view, map);
  if (!map.ok) return Fail(Wrong("has a table outside of it"));
  if (!verify(Verifier(view))) return Fail(Wrong("has a record that points outside of it"));
  return header;
}

}  // namespace

std::uint64_t ImageChecksum(std::span<const std::byte> image) {
  const auto rest = image.subspan(kChecksumEnd);
  return Hash64({reinterpret_cast<const char*>(rest.data()), rest.size()}, kImageMagic);
}

base::Result<const ImageHeader*> VerifyImage(std::span<const std::byte> image, ImageView& view,
                                             Keeping keeping) {
  const auto header = HeaderOf(image);
  if (!header) return header;
  if (keeping == Keeping::kStored && (*header)->checksum != ImageChecksum(image)) {
    return Fail(Wrong("is damaged: wrong checksum"));
  }
  return VerifyTables(*header, image, view,
                      [&](Verifier verifier) { return verifier.Verify(**header, keeping); });
}

base::Result<const ImageHeader*> VerifyPatched(std::span<const std::byte> image,
                                               std::span<const std::uint32_t> changed,
                                               ImageView& view) {
  const auto header = HeaderOf(image);
  if (!header) return header;
  return VerifyTables(*header, image, view,
                      [&](Verifier verifier) { return verifier.VerifyPatched(**header, changed); });
}

bool VerifyFlag(const ImageView& view, std::uint32_t offset, VerifiedFlags& verified) {
  return Verifier(view, &verified).Flag(offset);
}

}  // namespace pennon::engine
