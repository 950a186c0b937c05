// The walk of one evaluation: state, prerequisites, targets, rules, default.
#include "engine/evaluate.h"

#include "engine/bucket.h"
#include "engine/limits.h"
#include "engine/matcher.h"

namespace pennon::engine {
namespace {

using model::Attribute;
using model::Context;
using model::Evaluation;
using model::EvaluationError;
using model::MatchKind;
using model::Reason;

// What the walk decided; turned into an Evaluation at the end, once.
struct Decision {
  Reason reason = Reason::kDefault;
  EvaluationError error = EvaluationError::kNone;
  MatchKind kind = MatchKind::kNone;
  std::uint32_t variant = kNone;
  std::int32_t rule = -1;
  std::string_view detail;

  static Decision Failed(EvaluationError error, std::string_view detail) {
    return {Reason::kError, error, MatchKind::kNone, kNone, -1, detail};
  }
};

enum class Placed { kYes, kMissing };

class Walk {
 public:
  Walk(const ImageView& view, const Context& context)
      : view_(view), context_(context), budget_(kMaxOperations) {}

  Decision Flag(const FlagRecord& flag) {
    if (flag.state != FlagState::kOn) [[unlikely]] {
      return NotOn(flag);
    }
    for (const auto& prerequisite : PartOf(flag, flag.prerequisites)) {
      if (!Satisfied(flag, prerequisite)) {
        return Off(flag, MatchKind::kPrerequisiteFailed, KeyOf(FlagAt(prerequisite.flag)));
      }
    }
    Decision decision;
    if (Targeted(flag, decision) || Ruled(flag, decision)) return decision;
    return Fallthrough(flag);
  }

  [[nodiscard]] bool IsSpent() const { return budget_.IsSpent(); }

 private:
  [[nodiscard]] const FlagRecord& FlagAt(std::uint32_t index) const {
    return view_.BlockAt<FlagRecord>(view_.flags[index]);
  }
  static std::string_view KeyOf(const FlagRecord& flag) {
    const auto key = PartOf(flag, flag.key);
    return {key.data(), key.size()};
  }

  Decision NotOn(const FlagRecord& flag) const {
    if (flag.state == FlagState::kBroken) {
      return Decision::Failed(EvaluationError::kParseError, view_.Text(flag.metadata));
    }
    return Off(flag, flag.state == FlagState::kKilled ? MatchKind::kKilled : MatchKind::kOff, {});
  }

  static Decision Off(const FlagRecord& flag, MatchKind kind, std::string_view detail) {
    return {Reason::kDisabled, EvaluationError::kNone, kind, flag.off_variant, -1, detail};
  }

  // A prerequisite that is off fails even when its off variant would be among those asked for.
  bool Satisfied(const FlagRecord& flag, const PrerequisiteRecord& prerequisite) {
    if (!budget_.Spend()) return false;
    const Decision decision = Flag(FlagAt(prerequisite.flag));
    if (decision.reason == Reason::kError) return false;
    const bool is_on = decision.reason != Reason::kDisabled;
    if (prerequisite.enabled == 0) return !is_on;
    if (!is_on || prerequisite.variants.count == 0) return is_on;
    for (const std::uint32_t variant : PartOf(flag, prerequisite.variants)) {
      if (variant == decision.variant) return true;
    }
    return false;
  }

  bool Targeted(const FlagRecord& flag, Decision& decision) {
    for (const TargetRecord& target : PartOf(flag, flag.targets)) {
      if (!budget_.Spend()) return false;
      const Attribute* attribute = Resolve(view_, view_.attributes[target.attribute], context_);
      if (attribute == nullptr ||
          !Contains(view_, view_.sets[target.values], *attribute, budget_)) {
        continue;
      }
      decision = {Reason::kTargetingMatch,
                  EvaluationError::kNone,
                  MatchKind::kTarget,
                  target.variant,
                  -1,
                  {}};
      return true;
    }
    return false;
  }

  // A rule whose condition or gate does not hold, or whose split finds no subject, is passed over.
  bool Ruled(const FlagRecord& flag, Decision& decision) {
    for (const RuleRecord& rule : PartOf(flag, flag.rules)) {
      if (!budget_.Spend()) return false;
      if (!Holds(view_, PartOf(flag, rule.when), context_, budget_)) continue;
      if (rule.gate != kNone && !Passes(RecordAt<GateRecord>(flag, rule.gate))) continue;
      decision = {Reason::kTargetingMatch,
                  EvaluationError::kNone,
                  MatchKind::kRule,
                  kNone,
                  static_cast<std::int32_t>(rule.position),
                  view_.Text(rule.id)};
      if (Serve(flag, rule.serve, decision) == Placed::kYes) return true;
    }
    return false;
  }

  Decision Fallthrough(const FlagRecord& flag) {
    Decision decision;
    decision.kind = MatchKind::kFallthrough;
    decision.reason = flag.is_static != 0 ? Reason::kStatic : Reason::kDefault;
    if (Serve(flag, flag.fallthrough, decision) == Placed::kYes) return decision;
    return MissingSubject(RecordAt<SplitRecord>(flag, flag.fallthrough.index).bucketing);
  }

  // Fills in the variant; the decision's reason is the one of a fixed variant and becomes SPLIT.
  Placed Serve(const FlagRecord& flag, const ServeRecord& serve, Decision& decision) {
    switch (serve.kind) {
      case ServeKind::kVariant:
        decision.variant = serve.index;
        return Placed::kYes;
      case ServeKind::kSplit:
        return Split(flag, RecordAt<SplitRecord>(flag, serve.index), decision);
      case ServeKind::kOff:
        decision.variant = flag.off_variant;
        break;
      case ServeKind::kCodeDefault:
        break;
    }
    // Without a value there is nothing that a client could cache.
    if (decision.variant == kNone && decision.reason == Reason::kStatic) {
      decision.reason = Reason::kDefault;
    }
    return Placed::kYes;
  }

  Placed Split(const FlagRecord& flag, const SplitRecord& split, Decision& decision) {
    Murmur3 hash;
    if (!Subject(split.bucketing, hash)) {
      if (split.missing_is_error == 0) return Placed::kMissing;
      decision = MissingSubject(split.bucketing);
      return Placed::kYes;
    }
    const auto weights = PartOf(flag, split.weights);
    const std::uint32_t position = BucketPosition(hash.Finish(), split.total);
    // Counted without branches: which variant comes next is the one thing nobody can predict.
    std::uint32_t chosen = 0;
    for (const WeightRecord& weight : weights.first(weights.size() - 1)) {
      chosen += position >= weight.cumulative ? 1 : 0;
    }
    budget_.Spend(chosen);
    decision.variant = weights[chosen].variant;
    if (weights.size() > 1) decision.reason = Reason::kSplit;
    return Placed::kYes;
  }

  bool Passes(const GateRecord& gate) {
    Murmur3 hash;
    return Subject(gate.bucketing, hash) &&
           BucketPosition(hash.Finish(), kGateTotal) < gate.threshold;
  }

  // Hashes the first attribute that the context has; false when it has none of them.
  bool Subject(const Bucketing& bucketing, Murmur3& hash) {
    hash = Murmur3(bucketing.hash, bucketing.tail, bucketing.length);
    const Range range = bucketing.attributes;
    for (const AttributeRef& ref : view_.attributes.subspan(range.first, range.count)) {
      const Attribute* attribute = Resolve(view_, ref, context_);
      if (attribute != nullptr && HashSubject(hash, *attribute)) return true;
    }
    return false;
  }

  static Decision MissingSubject(const Bucketing& bucketing) {
    if (bucketing.needs_targeting_key != 0) {
      return Decision::Failed(EvaluationError::kTargetingKeyMissing,
                              "the flag's split needs a targetingKey");
    }
    return Decision::Failed(EvaluationError::kInvalidContext,
                            "the flag's split needs an attribute that the context does not have");
  }

  const ImageView& view_;
  const Context& context_;
  Budget budget_;
};

void FillValue(const ImageView& view, const VariantRecord& variant, Evaluation& evaluation) {
  evaluation.has_value = true;
  evaluation.variant = view.Text(variant.key);
  evaluation.value_json = view.Text(variant.json);
  switch (evaluation.type) {
    case model::ValueType::kBoolean:
      evaluation.boolean = variant.payload != 0;
      break;
    case model::ValueType::kInteger:
      evaluation.integer = static_cast<std::int64_t>(variant.payload);
      break;
    case model::ValueType::kNumber:
      evaluation.number = std::bit_cast<double>(variant.payload);
      break;
    case model::ValueType::kString:
      evaluation.text = view.Text(std::bit_cast<TextRef>(variant.payload));
      break;
    case model::ValueType::kObject:
      break;
  }
}

Evaluation EvaluateFlag(const ImageView& view, const FlagRecord& flag, const Context& context) {
  Walk walk(view, context);
  Decision decision = walk.Flag(flag);
  if (walk.IsSpent()) [[unlikely]] {
    decision = Decision::Failed(EvaluationError::kGeneral,
                                "the flag needs more operations than one evaluation may use");
  }
  Evaluation evaluation;
  evaluation.reason = decision.reason;
  evaluation.error = decision.error;
  evaluation.kind = decision.kind;
  evaluation.rule_index = decision.rule;
  evaluation.detail = decision.detail;
  evaluation.type = static_cast<model::ValueType>(flag.type);
  if (flag.state != FlagState::kBroken) evaluation.metadata = view.Text(flag.metadata);
  if (decision.variant != kNone) {
    FillValue(view, PartOf(flag, flag.variants)[decision.variant], evaluation);
  }
  return evaluation;
}

}  // namespace

Evaluation Evaluate(const Snapshot& snapshot, FlagHandle flag, const Context& context,
                    const Moment&) noexcept {
  const ImageView& view = snapshot.view();
  view.PrefetchBlock(flag.offset);
  return EvaluateFlag(view, view.BlockAt<FlagRecord>(flag.offset), context);
}

Evaluation Evaluate(const Snapshot& snapshot, std::string_view key, const Context& context,
                    const Moment&) noexcept {
  if (const auto flag = snapshot.Find(key)) {
    return EvaluateFlag(snapshot.view(), snapshot.view().BlockAt<FlagRecord>(flag->offset),
                        context);
  }
  Evaluation evaluation;
  evaluation.error = EvaluationError::kFlagNotFound;
  evaluation.detail = "there is no flag of this key";
  return evaluation;
}

}  // namespace pennon::engine
