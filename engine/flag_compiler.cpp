#include "engine/flag_compiler.h"

#include <algorithm>
#include <bit>

#include "engine/bucket.h"
#include "engine/definition_check.h"
#include "engine/limits.h"
#include "engine/logic_compiler.h"

namespace pennon::engine {
namespace {

using model::Flag;

// The members of a JSON object, without its braces: "" or "a":1,"b":2.
std::string Members(const model::Object& object) {
  if (object.empty()) return {};
  std::string json;
  AppendJson(json, model::Value(object));
  return json.substr(1, json.size() - 2);
}

// The members of both; of a name that both have, the second's.
model::Object Joined(model::Object object, const model::Object& over) {
  for (const auto& member : over) {
    const auto same = std::find_if(object.begin(), object.end(),
                                   [&](const auto& own) { return own.first == member.first; });
    if (same == object.end()) {
      object.push_back(member);
    } else {
      same->second = member.second;
    }
  }
  return object;
}

class FlagBlock {
 public:
  FlagBlock(const Flag& flag, const CompileScope& scope, ImageBuilder& builder)
      : flag_(flag), scope_(scope), builder_(builder) {}

  void Compile(std::uint8_t height) {
    block_.Append(record_);
    record_.key_size = block_.AppendText(flag_.key).count;
    record_.state = State();
    record_.type = static_cast<std::uint8_t>(flag_.type);
    record_.height = height;
    record_.metadata = builder_.AddText(Members(flag_.metadata));
    if (flag_.off_variant) record_.off_variant = IndexOf(*flag_.off_variant);
    Rules();
    record_.fallthrough = flag_.fallthrough ? Serve(*flag_.fallthrough) : ServeRecord{};
    Variants();
    Rare();
    if (IsStatic()) record_.traits |= FlagTrait::kStatic;
    record_.block_size = block_.Close();
    block_.Overwrite(0, record_);
    builder_.AddFlag(flag_.key, block_.bytes());
  }

 private:
  // Without a value there is nothing that a client could cache.
  [[nodiscard]] bool IsStatic() const {
    const ServeKind kind = record_.fallthrough.kind;
    const bool has_value =
        kind == ServeKind::kVariant || (kind == ServeKind::kOff && record_.off_variant != kNone);
    return has_value && record_.rules.count == 0 && flag_.targets.empty() &&
           flag_.prerequisites.empty();
  }
  [[nodiscard]] FlagState State() const {
    if (flag_.killed) return FlagState::kKilled;
    return flag_.enabled ? FlagState::kOn : FlagState::kOff;
  }
  void AsksMoment(bool asks) {
    if (asks) record_.traits |= FlagTrait::kAsksMoment;
  }
  void Rare() {
    const bool kill_ends = flag_.killed && flag_.kill_expires;
    // Another flag's answer may depend on anything.
    AsksMoment(kill_ends || !flag_.prerequisites.empty());
    if (flag_.prerequisites.empty() && flag_.targets.empty() && !kill_ends) return;
    RareRecord rare;
    rare.prerequisites = Prerequisites();
    rare.targets = Targets();
    if (kill_ends) rare.kill = block_.Append(Kill());
    record_.rare = block_.Append(rare);
  }
  [[nodiscard]] KillRecord Kill() const {
    return {*flag_.kill_expires, flag_.enabled ? FlagState::kOn : FlagState::kOff};
  }
  [[nodiscard]] std::uint32_t IndexOf(std::string_view variant) const {
    return static_cast<std::uint32_t>(VariantIndex(flag_, variant));
  }

  void Variants() {
    std::vector<VariantRecord> records;
    records.reserve(flag_.variants.size());
    for (const model::Variant& variant : flag_.variants) {
      records.push_back(Variant(variant));
    }
    record_.variants = builder_.AddVariants(records);
  }
  VariantRecord Variant(const model::Variant& variant) {
    VariantRecord record;
    record.key = builder_.AddText(variant.key);
    const model::Value& value = variant.value;
    const bool whole_number = flag_.type == model::ValueType::kNumber && value.AsInt() != nullptr;
    const double number = whole_number                  ? static_cast<double>(*value.AsInt())
                          : value.AsDouble() != nullptr ? *value.AsDouble()
                                                        : 0;
    std::string json;
    AppendJson(json, whole_number ? model::Value(number) : value);
    record.json = builder_.AddText(json);
    if (!variant.metadata.empty()) {
      record.metadata = builder_.AddText(Members(Joined(flag_.metadata, variant.metadata)));
    }
    if (const std::string* text = value.AsString()) {
      record.payload = std::bit_cast<std::uint64_t>(builder_.AddText(*text));
    }
    if (const bool* boolean = value.AsBool()) record.payload = *boolean ? 1 : 0;
    if (flag_.type == model::ValueType::kInteger) {
      record.payload = static_cast<std::uint64_t>(*value.AsInt());
    } else if (flag_.type == model::ValueType::kNumber) {
      record.payload = std::bit_cast<std::uint64_t>(number);
    }
    return record;
  }

  Part<TargetRecord> Targets() {
    std::vector<TargetRecord> records;
    for (const model::Target& target : flag_.targets) {
      records.push_back({IndexOf(target.variant),
                         builder_.AddAttribute(AttributePath(target.attribute)),
                         builder_.AddSet(target.values, false)});
    }
    return block_.Append(records);
  }

  Part<PrerequisiteRecord> Prerequisites() {
    std::vector<PrerequisiteRecord> records;
    for (const model::Prerequisite& prerequisite : flag_.prerequisites) {
      PrerequisiteRecord record;
      const NamedFlag other = scope_.flag(prerequisite.flag);
      record.flag = other.index;
      record.enabled = prerequisite.enabled ? 1 : 0;
      std::vector<std::uint32_t> variants;
      for (const std::string& variant : prerequisite.variants) {
        if (other.definition == nullptr) break;
        variants.push_back(static_cast<std::uint32_t>(VariantIndex(*other.definition, variant)));
      }
      if (prerequisite.no_variant) variants.push_back(kNone);
      record.variants = block_.Append(variants);
      records.push_back(record);
    }
    return block_.Append(records);
  }

  void Rules() {
    std::vector<RuleRecord> records;
    records.reserve(flag_.rules.size());
    for (std::size_t i = 0; i < flag_.rules.size(); ++i) {
      const model::Rule& rule = flag_.rules[i];
      if (!rule.enabled) continue;
      RuleRecord record;
      record.id = builder_.AddText(rule.id);
      if (rule.when || rule.window) {
        const auto steps = CompileCondition(rule.window, rule.when, scope_.segments, builder_);
        AsksMoment(std::any_of(steps.begin(), steps.end(), [](const Step& step) {
          return step.op == StepOp::kWindow || step.op == StepOp::kSegment;
        }));
        record.when = block_.Append(steps);
      }
      if (rule.gate) record.gate = block_.Append(Gate(*rule.gate));
      record.serve = Serve(rule.serve);
      record.position = static_cast<std::uint32_t>(i);
      records.push_back(record);
    }
    record_.rules = block_.Append(records);
  }

  ServeRecord Serve(const model::Serve& serve) {
    if (const auto* fixed = std::get_if<model::ServeVariant>(&serve)) {
      return {ServeKind::kVariant, IndexOf(fixed->variant)};
    }
    if (const auto* split = std::get_if<model::Split>(&serve)) {
      return {ServeKind::kSplit, Split(*split)};
    }
    if (const auto* logic = std::get_if<model::ServeLogic>(&serve)) {
      AsksMoment(true);
      return {ServeKind::kLogic, CompileLogic(*logic, flag_, block_, builder_)};
    }
    const bool off = std::holds_alternative<model::ServeOff>(serve);
    return {off ? ServeKind::kOff : ServeKind::kCodeDefault, 0};
  }

  std::uint32_t Split(const model::Split& split) {
    SplitRecord record;
    record.bucketing = Bucket(split.bucketing, SaltOf(split.bucketing), kPurposeSplit);
    record.missing = Missing(split.on_missing);
    if (split.on_missing == model::OnMissing::kVariant) {
      record.missing = IndexOf(split.missing_variant);
    }
    AsksMoment(split.ramp.has_value());
    if (split.ramp) record.ramp = block_.Append(Ramp(*split.ramp));
    std::vector<WeightRecord> weights;
    weights.reserve(split.weights.size());
    for (const model::Weight& weight : split.weights) {
      if (weight.weight == 0) continue;
      record.total += weight.weight;
      weights.push_back({IndexOf(weight.variant), record.total});
    }
    record.weights = block_.Append(weights);
    return block_.Append(record);
  }

  GateRecord Gate(const model::Gate& gate) {
    const bool in_layer = !gate.layer.empty();
    const std::string& salt = in_layer ? gate.layer : SaltOf(gate.bucketing);
    GateRecord record;
    record.bucketing = Bucket(gate.bucketing, salt, in_layer ? kPurposeLayer : kPurposeGate);
    record.missing = Missing(gate.on_missing);
    const std::uint32_t unit =
        gate.bucketing.algorithm == model::Algorithm::kUnleash ? kGateTotal / kUnleashTotal : 1;
    record.total = kGateTotal / unit;
    record.from = gate.from / unit;
    record.to = gate.to / unit;
    return record;
  }

  std::uint32_t Missing(model::OnMissing on_missing) {
    AsksMoment(on_missing == model::OnMissing::kRandom);
    if (on_missing == model::OnMissing::kError) return kMissingIsError;
    return on_missing == model::OnMissing::kRandom ? kMissingIsRandom : kSkipMissing;
  }

  RampRecord Ramp(const model::Ramp& ramp) const {
    return {ramp.from, ramp.to, IndexOf(ramp.variant), ramp.start_weight, ramp.end_weight, 0};
  }

  // Unleash's groups may be empty; elsewhere no salt means the flag's own.
  [[nodiscard]] const std::string& SaltOf(const model::Bucketing& bucketing) const {
    const bool is_unleash = bucketing.algorithm == model::Algorithm::kUnleash;
    if (is_unleash || !bucketing.salt.empty()) return bucketing.salt;
    return flag_.salt.empty() ? flag_.key : flag_.salt;
  }

  Bucketing Bucket(const model::Bucketing& bucketing, const std::string& salt,
                   std::string_view purpose) {
    const bool is_unleash = bucketing.algorithm == model::Algorithm::kUnleash;
    const std::uint32_t seed = purpose == kPurposeSplit ? kUnleashVariantSeed : 0;
    const Murmur3 prefix = is_unleash ? UnleashPrefix(salt, seed) : BucketPrefix(salt, purpose);
    std::vector<std::vector<std::string>> paths;
    paths.reserve(bucketing.attributes.size());
    for (const std::string& attribute : bucketing.attributes) {
      paths.push_back(AttributePath(attribute));
    }
    return {builder_.AddAttributes(paths), prefix.hash(), prefix.tail(), prefix.length(),
            is_unleash ? Placing::kUnleash : Placing::kNative};
  }

  const Flag& flag_;
  const CompileScope& scope_;
  ImageBuilder& builder_;
  BlockBuilder block_;
  FlagRecord record_;
};

}  // namespace

void CompileFlag(const Flag& flag, std::uint8_t height, const CompileScope& scope,
                 ImageBuilder& builder) {
  FlagBlock(flag, scope, builder).Compile(height);
}

void CompileBrokenFlag(std::string_view key, std::string_view error, ImageBuilder& builder) {
  BlockBuilder block;
  FlagRecord record;
  block.Append(record);
  record.key_size = block.AppendText(key).count;
  record.state = FlagState::kBroken;
  record.metadata = builder.AddText(error);
  record.block_size = block.Close();
  block.Overwrite(0, record);
  builder.AddFlag(key, block.bytes());
}

void CompileSegment(const model::Segment& segment, std::uint8_t height, const CompileScope& scope,
                    ImageBuilder& builder) {
  BlockBuilder block;
  SegmentRecord record;
  block.Append(record);
  record.key = builder.AddText(segment.key);
  record.height = height;
  record.attribute = builder.AddAttribute(AttributePath(segment.attribute));
  if (!segment.included.empty()) record.included = builder.AddSet(segment.included, false);
  if (!segment.excluded.empty()) record.excluded = builder.AddSet(segment.excluded, false);
  if (segment.when) {
    record.has_condition = 1;
    record.when =
        block.Append(CompileCondition(std::nullopt, segment.when, scope.segments, builder));
  }
  record.block_size = block.Close();
  block.Overwrite(0, record);
  builder.AddSegment(block.bytes());
}

}  // namespace pennon::engine
