// The walk of one evaluation: state, prerequisites, targets, rules, default. Evaluate and Explain
// are this walk, once with a trace that does nothing and once with one that writes down.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/bucket.h"
#include "engine/decision.h"
#include "engine/evaluate.h"
#include "engine/image_view.h"
#include "engine/limits.h"
#include "engine/logic_evaluator.h"
#include "engine/matcher.h"
#include "engine/trace.h"

namespace pennon::engine {

/// One evaluation. Confined to one thread; borrows all that it is given.
template <typename Trace>
class Walk {
 public:
  Walk(const ImageView& view, const Question& question, Trace& trace)
      : view_(view), question_(question), trace_(trace), budget_(kMaxOperations) {}

  /// Inlined with all that nearly every flag has; what few have is kept out of it.
  [[gnu::always_inline]] Decision Flag(const FlagRecord& flag) {
    const FlagState state = flag.state == FlagState::kOn ? FlagState::kOn : StateNow(flag);
    trace_.BeginFlag(flag, state);
    const Decision decision = state == FlagState::kOn ? On(flag) : NotOn(flag, state);
    trace_.EndFlag(flag, decision.variant);
    return decision;
  }

  [[nodiscard]] bool IsSpent() const { return budget_.IsSpent(); }

 private:
  enum class Placed { kYes, kMissing };

  [[nodiscard]] const FlagRecord& FlagAt(std::uint32_t index) const {
    return view_.BlockAt<FlagRecord>(view_.flags[index]);
  }

  // A kill that has expired counts no more.
  [[nodiscard]] FlagState StateNow(const FlagRecord& flag) const {
    if (flag.state != FlagState::kKilled || flag.rare == kNone) return flag.state;
    const auto& rare = RecordAt<RareRecord>(flag, flag.rare);
    if (rare.kill == kNone) return flag.state;
    const auto& kill = RecordAt<KillRecord>(flag, rare.kill);
    return question_.now_micros < kill.until ? FlagState::kKilled : kill.after;
  }

  [[gnu::noinline]] Decision NotOn(const FlagRecord& flag, FlagState state) const {
    if (state == FlagState::kBroken) {
      return Decision::Failed(model::EvaluationError::kParseError, nullptr);
    }
    const bool killed = state == FlagState::kKilled;
    return Off(flag, killed ? model::MatchKind::kKilled : model::MatchKind::kOff, nullptr);
  }

  static Decision Off(const FlagRecord& flag, model::MatchKind kind, const void* what) {
    return {model::Reason::kDisabled,
            model::EvaluationError::kNone,
            kind,
            true,
            flag.off_variant,
            what};
  }

  [[gnu::always_inline]] Decision On(const FlagRecord& flag) {
    if (flag.rare != kNone) [[unlikely]] {
      const auto& rare = RecordAt<RareRecord>(flag, flag.rare);
      const FlagRecord* failed = FailedPrerequisite(flag, rare);
      if (failed != nullptr) return Off(flag, model::MatchKind::kPrerequisiteFailed, failed);
      if (const TargetRecord* target = TargetOf(flag, rare)) {
        return {model::Reason::kTargetingMatch,
                model::EvaluationError::kNone,
                model::MatchKind::kTarget,
                false,
                target->variant,
                nullptr};
      }
    }
    Decision decision;
    if (Ruled(flag, decision)) return decision;
    return Fallthrough(flag);
  }

  [[gnu::noinline]] const FlagRecord* FailedPrerequisite(const FlagRecord& flag,
                                                         const RareRecord& rare) {
    for (const auto& prerequisite : PartOf(flag, rare.prerequisites)) {
      const FlagRecord& other = FlagAt(prerequisite.flag);
      if (!Satisfied(flag, prerequisite, other)) return &other;
    }
    return nullptr;
  }
  [[gnu::noinline]] Decision FlagBelow(const FlagRecord& flag) { return Flag(flag); }

  bool Satisfied(const FlagRecord& flag, const PrerequisiteRecord& prerequisite,
                 const FlagRecord& other) {
    if (!budget_.Spend()) return false;
    trace_.BeginPrerequisite(other);
    const bool satisfied = Satisfies(flag, prerequisite, FlagBelow(other));
    trace_.EndPrerequisite(satisfied);
    return satisfied;
  }
  // A prerequisite that is off fails even when its off variant would be among those asked for.
  static bool Satisfies(const FlagRecord& flag, const PrerequisiteRecord& prerequisite,
                        const Decision& decision) {
    if (decision.reason == model::Reason::kError) return false;
    const bool is_on = !decision.is_off;
    if (prerequisite.enabled == 0) return !is_on;
    if (!is_on || prerequisite.variants.count == 0) return is_on;
    for (const std::uint32_t variant : PartOf(flag, prerequisite.variants)) {
      if (variant == decision.variant) return true;
    }
    return false;
  }

  // The first target that has the subject.
  [[gnu::noinline]] const TargetRecord* TargetOf(const FlagRecord& flag, const RareRecord& rare) {
    for (const TargetRecord& target : PartOf(flag, rare.targets)) {
      if (!budget_.Spend()) return nullptr;
      const model::Attribute* found =
          Resolve(view_, view_.attributes[target.attribute], question_.context);
      const bool held =
          found != nullptr && Contains(view_, view_.sets[target.values], *found, budget_);
      trace_.Target(flag, target, found, held);
      if (held) return &target;
    }
    return nullptr;
  }

  [[gnu::always_inline]] bool Ruled(const FlagRecord& flag, Decision& decision) {
    for (const RuleRecord& rule : PartOf(flag, flag.rules)) {
      trace_.BeginRule(rule);
      const bool served = Rule(flag, rule, decision);
      trace_.EndRule(served);
      if (served) return true;
    }
    return false;
  }
  // A rule whose condition or gate does not hold, or whose split finds no subject, is passed over.
  [[gnu::always_inline]] bool Rule(const FlagRecord& flag, const RuleRecord& rule,
                                   Decision& decision) {
    if (!Holds(PartOf(flag, rule.when))) return false;
    if (rule.gate != kNone && !LetsIn(RecordAt<GateRecord>(flag, rule.gate))) return false;
    decision = {model::Reason::kTargetingMatch,
                model::EvaluationError::kNone,
                model::MatchKind::kRule,
                false,
                kNone,
                &rule};
    return Serve(flag, rule.serve, decision) == Placed::kYes;
  }

  [[gnu::always_inline]] Decision Fallthrough(const FlagRecord& flag) {
    Decision decision;
    decision.kind = model::MatchKind::kFallthrough;
    decision.reason =
        (flag.traits & FlagTrait::kStatic) != 0 ? model::Reason::kStatic : model::Reason::kDefault;
    trace_.BeginDefault();
    const Placed placed = Serve(flag, flag.fallthrough, decision);
    trace_.EndDefault();
    if (placed == Placed::kYes) return decision;
    return MissingSubject(RecordAt<SplitRecord>(flag, flag.fallthrough.index).bucketing);
  }

  // Runs the steps of a condition; no steps hold for everybody. False when the budget runs out.
  [[gnu::always_inline]] bool Holds(std::span<const Step> steps) {
    if (steps.empty()) return budget_.Spend();
    std::uint32_t next = 0;
    while (next < kReject) {
      if (!budget_.Spend()) return false;
      const Step& step = steps[next];
      next = StepHolds(step) ? step.on_true : step.on_false;
    }
    return next == kAccept && !budget_.IsSpent();
  }
  [[gnu::always_inline]] bool StepHolds(const Step& step) {
    if (step.op == StepOp::kSegment) {
      return InSegment(view_.BlockAt<SegmentRecord>(view_.segments[step.attribute]));
    }
    const model::Attribute* found = nullptr;
    bool held = false;
    if (step.op == StepOp::kWindow) {
      held = InWindow(view_, view_.sets[step.operand], question_.now_micros);
    } else {
      found = Resolve(view_, view_.attributes[step.attribute], question_.context);
      held = Passes(view_, step, found, budget_);
    }
    trace_.Test(step, found, held);
    return held;
  }

  [[gnu::noinline]] bool InSegment(const SegmentRecord& segment) {
    trace_.BeginSegment(segment);
    const bool held = Belongs(segment);
    trace_.EndSegment(held);
    return held;
  }
  bool Belongs(const SegmentRecord& segment) {
    const model::Attribute* found =
        Resolve(view_, view_.attributes[segment.attribute], question_.context);
    const auto listed = [&](std::uint32_t set) {
      return found != nullptr && set != kNone && Contains(view_, view_.sets[set], *found, budget_);
    };
    for (const bool included : {true, false}) {
      if (!listed(included ? segment.included : segment.excluded)) continue;
      trace_.Listed(included);
      return included;
    }
    return segment.has_condition != 0 && Holds(PartOf(segment, segment.when));
  }

  // Fills in the variant; the decision's reason is the one of a fixed variant and becomes SPLIT.
  [[gnu::always_inline]] Placed Serve(const FlagRecord& flag, const ServeRecord& serve,
                                      Decision& decision) {
    switch (serve.kind) {
      case ServeKind::kVariant:
        decision.variant = serve.index;
        return Placed::kYes;
      case ServeKind::kSplit:
        return Split(flag, RecordAt<SplitRecord>(flag, serve.index), decision);
      case ServeKind::kOff:
        decision.variant = flag.off_variant;
        decision.is_off = true;
        break;
      case ServeKind::kCodeDefault:
        break;
      case ServeKind::kLogic:
        decision = Logic(flag, RecordAt<LogicRecord>(flag, serve.index), decision);
        return PlacedBy(decision);
    }
    return Placed::kYes;
  }

  static Placed PlacedBy(const Decision& decision) {
    return decision.IsPassedOver() ? Placed::kMissing : Placed::kYes;
  }

  // A null result passes the rule over; in the default it means the code default.
  [[gnu::noinline]] Decision Logic(const FlagRecord& flag, const LogicRecord& logic,
                                   Decision decision) {
    const LogicSubject subject{flag, question_.context, question_.now_micros};
    const LogicChoice choice = ChooseByLogic(view_, logic, subject, budget_, trace_.LogicResult());
    trace_.Logic(flag, choice.variant);
    if (choice.error != nullptr) {
      return Decision::Failed(model::EvaluationError::kGeneral, choice.error);
    }
    if (choice.variant == kNone) {
      return decision.kind == model::MatchKind::kRule ? Decision::PassedOver() : decision;
    }
    decision.reason = model::Reason::kTargetingMatch;
    decision.variant = choice.variant;
    return decision;
  }

  [[gnu::always_inline]] Placed Split(const FlagRecord& flag, const SplitRecord& split,
                                      Decision& decision) {
    std::uint32_t position = 0;
    if (!Place(split.bucketing, split.missing, split.total, position)) {
      decision = WithoutSubject(split, decision);
      trace_.Split(flag, split, std::nullopt, 0, decision.variant);
      return PlacedBy(decision);
    }
    const auto weights = PartOf(flag, split.weights);
    if (weights.size() > 1 || split.ramp != kNone) decision.reason = model::Reason::kSplit;
    std::uint32_t ramped = 0;
    if (split.ramp != kNone) {
      const auto& ramp = RecordAt<RampRecord>(flag, split.ramp);
      ramped = WeightAt(ramp, question_.now_micros);
      decision.variant = ramp.variant;
    }
    if (position >= ramped) decision.variant = VariantAt(weights, position);
    trace_.Split(flag, split, position, ramped, decision.variant);
    return Placed::kYes;
  }
  [[gnu::always_inline]] std::uint32_t VariantAt(std::span<const WeightRecord> weights,
                                                 std::uint32_t position) {
    // Counted without branches: which variant comes next is the one thing nobody can predict.
    std::uint32_t chosen = 0;
    for (const WeightRecord& weight : weights.first(weights.size() - 1)) {
      chosen += position >= weight.cumulative ? 1 : 0;
    }
    budget_.Spend(static_cast<std::uint32_t>(weights.size()));
    return weights[chosen].variant;
  }

  [[gnu::noinline]] bool LetsIn(const GateRecord& gate) {
    std::uint32_t position = 0;
    const bool placed = Place(gate.bucketing, gate.missing, gate.total, position);
    const bool held = placed && position >= gate.from && position < gate.to;
    trace_.Gate(gate, placed ? Position(position) : std::nullopt, held);
    return held;
  }

  // Where the subject falls; false when it has none of the attributes that would say. The shortest
  // way, a short text placed natively, is what most subjects are.
  [[gnu::always_inline]] bool Place(const Bucketing& bucketing, std::uint32_t missing,
                                    std::uint32_t total, std::uint32_t& position) {
    if (bucketing.placing != Placing::kNative || bucketing.attributes.count == 0) [[unlikely]] {
      return PlaceAny(bucketing, missing, total, position);
    }
    const model::Attribute* found =
        Resolve(view_, view_.attributes[bucketing.attributes.first], question_.context);
    if (found == nullptr || !IsShortSubject(*found)) [[unlikely]] {
      return PlaceAny(bucketing, missing, total, position);
    }
    Murmur3 hash(bucketing.hash, bucketing.tail, bucketing.length);
    HashShortSubject(hash, *found);
    position = BucketPosition(hash.Finish(), total);
    return true;
  }
  [[gnu::noinline]] bool PlaceAny(const Bucketing& bucketing, std::uint32_t missing,
                                  std::uint32_t total, std::uint32_t& position) {
    const bool is_native = bucketing.placing == Placing::kNative;
    Murmur3 hash(bucketing.hash, bucketing.tail, bucketing.length);
    const bool found = Subject(bucketing, hash, is_native ? HashSubject : HashSubjectText);
    if (!found && missing != kMissingIsRandom) return false;
    const std::uint32_t word = found ? hash.Finish() : RandomHash(bucketing, question_.random);
    position = is_native ? BucketPosition(word, total) : UnleashPosition(word, total);
    return true;
  }

  // Hashes the first attribute that the context has; false when it has none of them.
  template <typename HashValue>
  bool Subject(const Bucketing& bucketing, Murmur3& hash, HashValue hash_value) {
    const Range range = bucketing.attributes;
    for (const AttributeRef& ref : view_.attributes.subspan(range.first, range.count)) {
      const model::Attribute* found = Resolve(view_, ref, question_.context);
      if (found != nullptr && hash_value(hash, *found)) return true;
    }
    return false;
  }

  [[nodiscard, gnu::noinline]] Decision WithoutSubject(const SplitRecord& split,
                                                       Decision decision) const {
    if (split.missing == kSkipMissing) return Decision::PassedOver();
    if (split.missing == kMissingIsError) return MissingSubject(split.bucketing);
    decision.variant = split.missing;
    return decision;
  }

  [[nodiscard, gnu::noinline]] Decision MissingSubject(const Bucketing& bucketing) const {
    const auto attributes =
        view_.attributes.subspan(bucketing.attributes.first, bucketing.attributes.count);
    if (attributes.size() == 1 && attributes.front().members.count == 0 &&
        view_.Text(attributes.front().name) == model::kTargetingKey) {
      return Decision::Failed(model::EvaluationError::kTargetingKeyMissing,
                              "the flag's split needs a targetingKey");
    }
    return Decision::Failed(model::EvaluationError::kInvalidContext,
                            "the flag's split needs an attribute that the context does not have");
  }

  const ImageView& view_;
  const Question& question_;
  Trace& trace_;
  Budget budget_;
};

/// One evaluation from its beginning to its end.
template <typename Trace>
[[gnu::always_inline]] inline model::Evaluation EvaluateFlag(const ImageView& view,
                                                             const FlagRecord& flag,
                                                             const model::Context& context,
                                                             const Moment& moment, Trace& trace) {
  const Question question{context, moment.now_millis * 1000, moment.random};
  Walk walk(view, question, trace);
  const Decision decision = walk.Flag(flag);
  if (walk.IsSpent()) [[unlikely]] {
    return Conclude(
        view, flag,
        Decision::Failed(model::EvaluationError::kGeneral,
                         "the flag needs more operations or memory than one evaluation may use"));
  }
  return Conclude(view, flag, decision);
}

}  // namespace pennon::engine
