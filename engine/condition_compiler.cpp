#include "engine/condition_compiler.h"

#include "engine/limits.h"
#include "engine/operand.h"

namespace pennon::engine {
namespace {

using base::Error;
using model::AllCondition;
using model::AnyCondition;
using model::Condition;
using model::LeafCondition;
using model::NotCondition;
using model::Operator;
using model::SegmentCondition;
using model::Value;

const std::vector<Condition>* PartsOf(const Condition& condition) {
  if (const auto* all = std::get_if<AllCondition>(&condition.node)) return &all->parts;
  if (const auto* any = std::get_if<AnyCondition>(&condition.node)) return &any->parts;
  if (const auto* negation = std::get_if<NotCondition>(&condition.node)) return &negation->part;
  return nullptr;
}

std::string_view PartName(const Condition& condition) {
  if (std::holds_alternative<AllCondition>(condition.node)) return "all";
  return std::holds_alternative<AnyCondition>(condition.node) ? "any" : "not";
}

bool IsScalar(const Value& value) {
  return !value.IsNull() && value.AsArray() == nullptr && value.AsObject() == nullptr;
}

std::optional<Error> CheckLeaf(const LeafCondition& leaf) {
  if (auto error = CheckAttribute(leaf.attribute, "attr")) return error;
  if (leaf.alternatives.size() >= kMaxBucketAttributes) {
    return Error::Limit("attr",
                        "has more than " + std::to_string(kMaxBucketAttributes) + " entries");
  }
  for (const std::string& alternative : leaf.alternatives) {
    if (auto error = CheckAttribute(alternative, "attr")) return error;
  }
  return CheckOperands(leaf);
}

// Places are put together on the way back, when there is something to say.
std::optional<Error> CheckAtDepth(const Condition& condition, std::size_t depth) {
  if (const auto* leaf = std::get_if<LeafCondition>(&condition.node)) return CheckLeaf(*leaf);
  const std::vector<Condition>* parts = PartsOf(condition);
  if (parts == nullptr) return std::nullopt;
  if (depth == kMaxConditionDepth) {
    return Error::Limit("",
                        "conditions are nested deeper than " + std::to_string(kMaxConditionDepth));
  }
  const std::string_view name = PartName(condition);
  if (parts->empty()) return Error::Invalid(name, "is empty, expected at least one condition");
  const bool is_list = !std::holds_alternative<NotCondition>(condition.node);
  for (std::size_t i = 0; i < parts->size(); ++i) {
    const auto error = CheckAtDepth((*parts)[i], depth + 1);
    if (!error) continue;
    return error->Within(std::string(name) + (is_list ? '[' + std::to_string(i) + ']' : ""));
  }
  return std::nullopt;
}

std::uint32_t CountLeaves(const Condition& condition) {
  const std::vector<Condition>* parts = PartsOf(condition);
  if (parts == nullptr) return 1;
  std::uint32_t count = 0;
  for (const Condition& part : *parts) count += CountLeaves(part);
  return count;
}

StepOp StepOpOf(Operator op) {
  static_assert(static_cast<int>(StepOp::kExists) == static_cast<int>(Operator::kExists));
  return static_cast<StepOp>(op);
}

class Compiler {
 public:
  Compiler(const SegmentIndex& segments, ImageBuilder& builder)
      : segments_(segments), builder_(builder) {}

  // Appends the steps of `condition`; the first will be the next one appended.
  void Compile(const Condition& condition, std::uint32_t on_true, std::uint32_t on_false) {
    if (const auto* leaf = std::get_if<LeafCondition>(&condition.node)) {
      steps_.push_back(Leaf(*leaf, on_true, on_false));
    } else if (const auto* segment = std::get_if<SegmentCondition>(&condition.node)) {
      Step step;
      step.op = StepOp::kSegment;
      step.attribute = segments_.at(segment->segment);
      step.on_true = on_true;
      step.on_false = on_false;
      steps_.push_back(step);
    } else if (const auto* window = std::get_if<model::WindowCondition>(&condition.node)) {
      Window(window->window, on_true, on_false);
    } else if (const auto* negation = std::get_if<NotCondition>(&condition.node)) {
      Compile(negation->part.front(), on_false, on_true);
    } else {
      Sequence(condition, on_true, on_false);
    }
  }
  void Window(const model::Window& window, std::uint32_t on_true,
              std::uint32_t on_false = kReject) {
    Step step;
    step.op = StepOp::kWindow;
    step.operand = builder_.AddSet({window.from, window.to}, false);
    step.on_true = on_true;
    step.on_false = on_false;
    steps_.push_back(step);
  }
  std::vector<Step> Take() { return std::move(steps_); }

 private:
  // all: a true part goes on with the next one; any: a false one does.
  void Sequence(const Condition& condition, std::uint32_t on_true, std::uint32_t on_false) {
    const std::vector<Condition>& parts = *PartsOf(condition);
    const bool is_all = std::holds_alternative<AllCondition>(condition.node);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const bool is_last = i + 1 == parts.size();
      const auto next = static_cast<std::uint32_t>(steps_.size()) + CountLeaves(parts[i]);
      Compile(parts[i], is_all && !is_last ? next : on_true, is_all || is_last ? on_false : next);
    }
  }

  Step Leaf(const LeafCondition& leaf, std::uint32_t on_true, std::uint32_t on_false) {
    Step step;
    step.op = StepOpOf(leaf.op);
    step.negate = leaf.negate ? 1 : 0;
    if (leaf.ignore_case || leaf.lenient) step.option |= kOption;
    if (leaf.as_text) step.option |= kAsText;
    step.on_missing = leaf.on_missing ? 1 : 0;
    std::vector<std::vector<std::string>> paths{AttributePath(leaf.attribute)};
    for (const auto& alternative : leaf.alternatives) paths.push_back(AttributePath(alternative));
    step.attribute = builder_.AddAttributes(paths, true).first;
    const bool takes_values = leaf.op != Operator::kExists && leaf.op != Operator::kIsNull;
    if (takes_values) step.operand = AddOperands(leaf, builder_);
    step.on_true = on_true;
    step.on_false = on_false;
    return step;
  }

  const SegmentIndex& segments_;
  ImageBuilder& builder_;
  std::vector<Step> steps_;
};

}  // namespace

std::vector<std::string> AttributePath(std::string_view reference) {
  if (reference.empty()) return {};
  if (reference.front() != '/') return {std::string(reference)};
  std::vector<std::string> path;
  std::string name;
  for (std::size_t i = 1; i < reference.size(); ++i) {
    if (reference[i] == '/') {
      path.push_back(std::move(name));
      name.clear();
    } else if (reference[i] != '~') {
      name += reference[i];
    } else if (++i < reference.size() && (reference[i] == '0' || reference[i] == '1')) {
      name += reference[i] == '0' ? '~' : '/';
    } else {
      return {};
    }
  }
  path.push_back(std::move(name));
  return path;
}

std::optional<Error> CheckAttribute(std::string_view reference, std::string_view place) {
  if (!reference.empty() && reference.front() != '/') return std::nullopt;
  const std::vector<std::string> path = AttributePath(reference);
  if (path.empty()) {
    return Error::Invalid(place,
                          "is no attribute: expected a name or a JSON Pointer such as "
                          "/address/country");
  }
  if (path.size() > kMaxAttributeSegments) {
    return Error::Limit(place, "has more than " + std::to_string(kMaxAttributeSegments) + " parts");
  }
  return std::nullopt;
}

std::optional<Error> CheckScalars(const std::vector<Value>& values, std::string_view place) {
  if (values.size() > kMaxSetValues) {
    return Error::Limit(place, "has more than " + std::to_string(kMaxSetValues) + " values");
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (IsScalar(values[i])) continue;
    return Error::Invalid(
        std::string(place) + '[' + std::to_string(i) + ']',
        "is " + std::string(TypeName(values[i])) + ", expected a string, a number or a boolean");
  }
  return std::nullopt;
}

std::optional<Error> CheckCondition(const Condition& condition) {
  return CheckAtDepth(condition, 0);
}

void ForEachSegment(const Condition& condition,
                    const std::function<void(const std::string&)>& visit) {
  if (const auto* segment = std::get_if<SegmentCondition>(&condition.node)) visit(segment->segment);
  if (const std::vector<Condition>* parts = PartsOf(condition)) {
    for (const Condition& part : *parts) ForEachSegment(part, visit);
  }
}

std::vector<Step> CompileCondition(const std::optional<model::Window>& window,
                                   const std::optional<Condition>& condition,
                                   const SegmentIndex& segments, ImageBuilder& builder) {
  Compiler compiler(segments, builder);
  if (window) compiler.Window(*window, condition ? 1 : kAccept);
  if (condition) compiler.Compile(*condition, kAccept, kReject);
  return compiler.Take();
}

}  // namespace pennon::engine
