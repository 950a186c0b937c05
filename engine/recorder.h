// The trace that writes down what a walk does; engine/trace.h says what its members are told.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/image_view.h"
#include "engine/trace.h"
#include "model/explanation.h"

namespace pennon::engine {

/// Borrows the view. Confined to one thread.
class Recorder {
 public:
  explicit Recorder(const ImageView& view) : view_(view) {}

  void BeginFlag(const FlagRecord& flag, FlagState state);
  void EndFlag(const FlagRecord& flag, std::uint32_t variant);
  void BeginPrerequisite(const FlagRecord& other);
  void EndPrerequisite(bool held) { End(held); }
  void Target(const FlagRecord& flag, const TargetRecord& target, const model::Attribute* found,
              bool held);
  void BeginRule(const RuleRecord& rule);
  void EndRule(bool served) { End(served); }
  void BeginDefault() { Begin(model::StepKind::kDefault); }
  void EndDefault() { End(true); }
  void Test(const Step& step, const model::Attribute* found, bool held);
  void BeginSegment(const SegmentRecord& segment);
  void Listed(bool included);
  void EndSegment(bool held) { End(held); }
  void Gate(const GateRecord& gate, Position position, bool held);
  void Split(const FlagRecord& flag, const SplitRecord& split, Position position,
             std::uint32_t ramped, std::uint32_t variant);

  // The result may be an attribute's value: only the variant that it names is written down.
  static std::string* LogicResult() { return nullptr; }
  void Logic(const FlagRecord& flag, std::uint32_t variant);

  std::vector<model::ExplanationStep> Take() { return std::move(steps_); }
  [[nodiscard]] bool is_cut() const { return is_cut_; }

 private:
  // A step of its own, or one with others inside; the reference is valid until the next one.
  model::ExplanationStep& Add(model::StepKind kind, bool held);
  model::ExplanationStep& Begin(model::StepKind kind);
  model::ExplanationStep& Open() { return steps_[open_.back()]; }
  void End(bool held);
  [[nodiscard]] std::string VariantKey(const FlagRecord& flag, std::uint32_t variant) const;

  const ImageView& view_;
  std::vector<model::ExplanationStep> steps_;
  std::vector<std::size_t> open_;  // indices of steps that have begun
  bool is_cut_ = false;
};

}  // namespace pennon::engine
