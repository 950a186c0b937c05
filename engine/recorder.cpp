#include "engine/recorder.h"

#include <algorithm>
#include <array>

#include "engine/explain.h"
#include "engine/limits.h"
#include "engine/step_text.h"

namespace pennon::engine {

using model::ExplanationStep;
using model::StepKind;

namespace {

std::string_view StateText(FlagState state) {
  constexpr std::array<std::string_view, 4> kTexts{"on", "off", "killed", "quarantined"};
  return kTexts[static_cast<std::size_t>(state)];
}

// The share that a position is in: the ramp's, or that of a weight as far as the ramp leaves it.
model::Place PlaceIn(const FlagRecord& flag, const SplitRecord& split, std::uint32_t position,
                     std::uint32_t ramped) {
  if (position < ramped) return {position, split.total, 0, ramped};
  std::uint32_t from = ramped;
  for (const WeightRecord& weight : PartOf(flag, split.weights)) {
    if (position < weight.cumulative) return {position, split.total, from, weight.cumulative};
    from = std::max(from, weight.cumulative);
  }
  return {position, split.total, from, split.total};
}

}  // namespace

ExplanationStep& Recorder::Add(StepKind kind, bool held) {
  // Beyond the limit the last step is written over.
  if (steps_.size() < kMaxExplanationSteps) {
    steps_.emplace_back();
  } else {
    is_cut_ = true;
    steps_.back() = {};
  }
  ExplanationStep& step = steps_.back();
  step.kind = kind;
  step.depth = static_cast<std::uint32_t>(open_.size());
  step.held = held;
  return step;
}

ExplanationStep& Recorder::Begin(StepKind kind) {
  ExplanationStep& step = Add(kind, false);
  open_.push_back(steps_.size() - 1);
  return step;
}

void Recorder::End(bool held) {
  Open().held = held;
  open_.pop_back();
}

std::string Recorder::VariantKey(const FlagRecord& flag, std::uint32_t variant) const {
  if (variant == kNone) return {};
  return std::string(view_.Text(view_.variants[flag.variants.first + variant].key));
}

void Recorder::BeginFlag(const FlagRecord& flag, FlagState state) {
  ExplanationStep& step = Begin(StepKind::kFlag);
  step.name = KeyOf(flag);
  step.test = StateText(state);
}

void Recorder::EndFlag(const FlagRecord& flag, std::uint32_t variant) {
  Open().variant = VariantKey(flag, variant);
  End(Open().test == StateText(FlagState::kOn));
}

void Recorder::BeginPrerequisite(const FlagRecord& other) {
  Begin(StepKind::kPrerequisite).name = KeyOf(other);
}

void Recorder::Target(const FlagRecord& flag, const TargetRecord& target,
                      const model::Attribute* found, bool held) {
  ExplanationStep& step = Add(StepKind::kTarget, held);
  step.name = AttributeText(view_, view_.attributes[target.attribute]);
  step.test = SetText(view_, StepOp::kIn, view_.sets[target.values]);
  step.found = FoundText(found);
  step.variant = VariantKey(flag, target.variant);
}

void Recorder::BeginRule(const RuleRecord& rule) {
  ExplanationStep& step = Begin(StepKind::kRule);
  step.name = view_.Text(rule.id);
  step.index = static_cast<std::int32_t>(rule.position);
}

void Recorder::Test(const Step& step, const model::Attribute* found, bool held) {
  ExplanationStep& test = Add(StepKind::kTest, held);
  test.test = StepText(view_, step);
  if (step.op == StepOp::kWindow) return;
  test.name = AttributeText(view_, view_.attributes[step.attribute]);
  test.found = FoundText(found);
}

void Recorder::BeginSegment(const SegmentRecord& segment) {
  Begin(StepKind::kSegment).name = view_.Text(segment.key);
}

void Recorder::Listed(bool included) {
  Open().test = included ? "included" : "excluded";
}

void Recorder::Gate(const GateRecord& gate, Position position, bool held) {
  ExplanationStep& step = Add(StepKind::kGate, held);
  step.name = AttributesText(view_, gate.bucketing.attributes);
  if (position) step.place = model::Place{*position, gate.total, gate.from, gate.to};
}

void Recorder::Split(const FlagRecord& flag, const SplitRecord& split, Position position,
                     std::uint32_t ramped, std::uint32_t variant) {
  ExplanationStep& step = Add(StepKind::kSplit, position.has_value());
  step.name = AttributesText(view_, split.bucketing.attributes);
  step.variant = VariantKey(flag, variant);
  if (position) step.place = PlaceIn(flag, split, *position, ramped);
}

void Recorder::Logic(const FlagRecord& flag, std::uint32_t variant) {
  Add(StepKind::kLogic, variant != kNone).variant = VariantKey(flag, variant);
}

}  // namespace pennon::engine
