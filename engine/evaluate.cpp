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
  Walk(const ImageView& view, const Question& question)
      : view_(view), question_(question), budget_(kMaxOperations) {}

  Decision Flag(const FlagRecord& flag) {
    const FlagState state = flag.state == FlagState::kOn ? FlagState::kOn : StateNow(flag);
    if (state != FlagState::kOn) [[unlikely]] {
      return NotOn(flag, state);
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

  // A kill that has expired counts no more.
  [[nodiscard]] FlagState StateNow(const FlagRecord& flag) const {
    if (flag.state != FlagState::kKilled || flag.kill == kNone) return flag.state;
    const auto& kill = RecordAt<KillRecord>(flag, flag.kill);
    return question_.now_micros < kill.until ? FlagState::kKilled : kill.after;
  }

  Decision NotOn(const FlagRecord& flag, FlagState state) const {
    if (state == FlagState::kBroken) {
      return Decision::Failed(EvaluationError::kParseError, view_.Text(flag.metadata));
    }
    return Off(flag, state == FlagState::kKilled ? MatchKind::kKilled : MatchKind::kOff, {});
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
      const Attribute* attribute =
          Resolve(view_, view_.attributes[target.attribute], question_.context);
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
      if (!Holds(view_, PartOf(flag, rule.when), question_, budget_)) continue;
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
      return WithoutSubject(split, decision);
    }
    const auto weights = PartOf(flag, split.weights);
    const std::uint32_t position = BucketPosition(hash.Finish(), split.total);
    if (split.ramp != kNone) {
      const auto& ramp = RecordAt<RampRecord>(flag, split.ramp);
      decision.reason = Reason::kSplit;
      if (position < WeightNow(ramp)) {
        decision.variant = ramp.variant;
        return Placed::kYes;
      }
    }
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
           IsWithin(gate, BucketPosition(hash.Finish(), kGateTotal));
  }
  static bool IsWithin(const GateRecord& gate, std::uint32_t position) {
    return position >= gate.from && position < gate.to;
  }

  // Moves evenly between the two instants; integers, so that everybody agrees on it.
  [[nodiscard]] std::uint32_t WeightNow(const RampRecord& ramp) const {
    if (question_.now_micros <= ramp.from) return ramp.start_weight;
    if (question_.now_micros >= ramp.to) return ramp.end_weight;
    using Wide = hash_detail::Uint128;
    const Wide length = static_cast<std::uint64_t>(ramp.to) - static_cast<std::uint64_t>(ramp.from);
    const Wide gone =
        static_cast<std::uint64_t>(question_.now_micros) - static_cast<std::uint64_t>(ramp.from);
    return static_cast<std::uint32_t>(
        (ramp.start_weight * (length - gone) + ramp.end_weight * gone) / length);
  }

  // Hashes the first attribute that the context has; false when it has none of them.
  bool Subject(const Bucketing& bucketing, Murmur3& hash) {
    hash = Murmur3(bucketing.hash, bucketing.tail, bucketing.length);
    const Range range = bucketing.attributes;
    for (const AttributeRef& ref : view_.attributes.subspan(range.first, range.count)) {
      const Attribute* attribute = Resolve(view_, ref, question_.context);
      if (attribute != nullptr && HashSubject(hash, *attribute)) return true;
    }
    return false;
  }

  Placed WithoutSubject(const SplitRecord& split, Decision& decision) const {
    if (split.missing == kSkipMissing) return Placed::kMissing;
    if (split.missing == kMissingIsError) {
      decision = MissingSubject(split.bucketing);
    } else {
      decision.variant = split.missing;
    }
    return Placed::kYes;
  }

  [[nodiscard]] Decision MissingSubject(const Bucketing& bucketing) const {
    const auto attributes =
        view_.attributes.subspan(bucketing.attributes.first, bucketing.attributes.count);
    if (attributes.size() == 1 && attributes.front().members.count == 0 &&
        view_.Text(attributes.front().name) == model::kTargetingKey) {
      return Decision::Failed(EvaluationError::kTargetingKeyMissing,
                              "the flag's split needs a targetingKey");
    }
    return Decision::Failed(EvaluationError::kInvalidContext,
                            "the flag's split needs an attribute that the context does not have");
  }

  const ImageView& view_;
  const Question& question_;
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

Evaluation EvaluateFlag(const ImageView& view, const FlagRecord& flag, const Context& context,
                        const Moment& moment) {
  const Question question{context, moment.now_millis * 1000};
  Walk walk(view, question);
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
                    const Moment& moment) noexcept {
  const ImageView& view = snapshot.view();
  view.PrefetchBlock(flag.offset);
  return EvaluateFlag(view, view.BlockAt<FlagRecord>(flag.offset), context, moment);
}

Evaluation Evaluate(const Snapshot& snapshot, std::string_view key, const Context& context,
                    const Moment& moment) noexcept {
  if (const auto flag = snapshot.Find(key)) {
    return EvaluateFlag(snapshot.view(), snapshot.view().BlockAt<FlagRecord>(flag->offset), context,
                        moment);
  }
  Evaluation evaluation;
  evaluation.error = EvaluationError::kFlagNotFound;
  evaluation.detail = "there is no flag of this key";
  return evaluation;
}

}  // namespace pennon::engine
