#include "engine/logic_evaluator.h"

#include "base/short_text.h"
#include "engine/literal.h"
#include "engine/logic_flagd.h"
#include "engine/logic_list.h"
#include "engine/logic_operation.h"
#include "engine/matcher.h"

namespace pennon::engine {
namespace {

constexpr std::string_view kFlagdMember = "$flagd";
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::uint32_t kSearchedPerOperation = 64;   // elements
constexpr std::uint32_t kConstantsPerOperation = 16;  // texts cost nothing of their own

// Of the whole data as well; `$flagd` is not in these.
LogicValue MemberOf(const LogicValue& data, std::string_view name) {
  if (data.kind() != LogicKind::kContext) return data.Member(name);
  const model::Attribute* const found = data.context().Find(name);
  return found == nullptr ? LogicValue() : LogicValue::Of(*found);
}

std::int64_t Seconds(std::int64_t micros) {
  const std::int64_t seconds = micros / kMicrosPerSecond;
  return micros % kMicrosPerSecond < 0 ? seconds - 1 : seconds;
}

// What was not known to the compiler to be a variant's name.
[[gnu::noinline]] LogicChoice ChoiceCalled(const LogicValue& chosen, LogicEvaluator& evaluator) {
  if (chosen.IsNullish()) return {};
  std::string_view name;
  if (chosen.IsString()) {
    name = chosen.text();
  } else if (chosen.kind() == LogicKind::kBool) {
    name = chosen.boolean() ? "true" : "false";
  } else if (chosen.kind() == LogicKind::kDouble && !std::isfinite(chosen.number())) {
    return {};  // JSON has no such number: null
  } else if (chosen.IsNumber()) {
    name = ToText(chosen, evaluator.memory());
  } else {
    return {kNone, "the flag's logic gave neither the name of a variant nor null"};
  }
  const ImageView& view = evaluator.view();
  const Range range = evaluator.subject().flag.variants;
  const auto variants = view.variants.subspan(range.first, range.count);
  for (std::uint32_t i = 0; i < variants.size(); ++i) {
    if (base::SameText(view.Text(variants[i].key), name)) return {i};
  }
  return {kNone, "the flag's logic chose a variant that the flag does not have"};
}

}  // namespace

LogicEvaluator::LogicEvaluator(const ImageView& view, const LogicRecord& record,
                               const LogicSubject& subject, Budget& budget)
    : view_(view),
      nodes_(PartOf(subject.flag, record.nodes)),
      subject_(subject),
      budget_(budget),
      memory_(budget) {}

// Recursive: the verifier bounds the depth by kMaxLogicDepth. Has nothing of its own on the stack,
// so that all it costs is the jump.
LogicValue LogicEvaluator::Operator(const LogicNode& node, const LogicValue& data) {
  if (!budget_.Spend(1 + node.count / kConstantsPerOperation)) return {};
  switch (node.op) {
    case LogicOp::kNull:
    case LogicOp::kBool:
    case LogicOp::kInt:
    case LogicOp::kDouble:
    case LogicOp::kString:
      return Constant(node);
    case LogicOp::kIf:
      return If(node, data);
    case LogicOp::kInSet:
      return IsInSet(*this, node, data);
    case LogicOp::kFractional:
      return Fractional(*this, node, data);
    case LogicOp::kAnd:
    case LogicOp::kOr:
      return Decide(node, data);
    case LogicOp::kArray:
      return LogicValue::List(Arguments(node, data));
    case LogicOp::kObject:
      return LogicValue::Pairs(Arguments(node, data));
    case LogicOp::kData:
      return data;
    case LogicOp::kVarOf:
      return VarOf(node, data);
    case LogicOp::kFlagd:
      return Flagd();
    case LogicOp::kTimestamp:
      return LogicValue::Int(Seconds(subject_.now_micros));
    case LogicOp::kSemver:
      return CompareVersions(*this, node, data);
    case LogicOp::kStartsWith:
    case LogicOp::kEndsWith:
      return HasAffix(*this, node, data);
    case LogicOp::kMissing:
    case LogicOp::kMissingSome:
    case LogicOp::kMap:
    case LogicOp::kReduce:
    case LogicOp::kFilter:
    case LogicOp::kAll:
    case LogicOp::kNoneOf:
    case LogicOp::kSome:
    case LogicOp::kMerge:
      return ListOperation(*this, node, data);
    default:
      return Operation(*this, node, data);
  }
}

LogicValue LogicEvaluator::Scalar(const LogicNode& node) {
  switch (node.op) {
    case LogicOp::kBool:
      return LogicValue::Bool(node.payload != 0);
    case LogicOp::kInt:
      return LogicValue::Int(static_cast<std::int64_t>(node.payload));
    case LogicOp::kDouble:
      return LogicValue::Double(std::bit_cast<double>(node.payload));
    default:
      return LogicValue::Null();
  }
}

LogicValue LogicEvaluator::Var(const LogicNode& node, const LogicValue& data) {
  if (!budget_.Spend()) return {};
  const AttributeRef& ref = view_.attributes[node.operand];
  if (data.kind() == LogicKind::kContext && ref.members.count == 0) [[likely]] {
    const model::Attribute* const found = data.context().Find(view_.Text(ref.name));
    if (found != nullptr) [[likely]]
      return LogicValue::Of(*found);
  }
  return VarInside(node, data);
}

// The path inside of something, or the default.
LogicValue LogicEvaluator::VarInside(const LogicNode& node, const LogicValue& data) {
  const AttributeRef& ref = view_.attributes[node.operand];
  if (!budget_.Spend(data.breadth() / kSearchedPerOperation)) return {};
  LogicValue found = MemberOf(data, view_.Text(ref.name));
  for (const TextRef& member : view_.paths.subspan(ref.members.first, ref.members.count)) {
    if (!budget_.Spend(found.breadth() / kSearchedPerOperation)) return {};
    found = found.Member(view_.Text(member));
  }
  if (found.kind() != LogicKind::kUndefined) return found;
  return node.count == 0 ? LogicValue::Null() : Argument(node, 0, data);
}

// The path is only known now.
LogicValue LogicEvaluator::VarOf(const LogicNode& node, const LogicValue& data) {
  const LogicValue found = Find(Argument(node, 0, data), data);
  if (found.kind() != LogicKind::kUndefined) return found;
  return node.count < 2 ? LogicValue::Null() : Argument(node, 1, data);
}

LogicValue LogicEvaluator::Find(const LogicValue& path, const LogicValue& data) {
  if (path.IsNullish() || (path.IsString() && path.text().empty())) return data;
  std::string_view rest = ToText(path, memory_);
  LogicValue found = data;
  for (bool more = true; more;) {
    if (!budget_.Spend(1 + found.breadth() / kSearchedPerOperation)) return {};
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view name = rest.substr(0, dot);
    more = dot != rest.size();
    rest.remove_prefix(more ? dot + 1 : dot);
    const bool is_flagd = found.kind() == LogicKind::kContext && name == kFlagdMember;
    found = is_flagd ? Flagd() : MemberOf(found, name);
  }
  return found;
}

LogicValue LogicEvaluator::Flagd() {
  flagd_ = {LogicValue::Text("flagKey"), LogicValue::Text(KeyOf(subject_.flag)),
            LogicValue::Text("timestamp"), LogicValue::Int(Seconds(subject_.now_micros))};
  return LogicValue::Pairs(flagd_);
}

// Pairs of condition and result; an odd last one is for everybody else.
LogicValue LogicEvaluator::If(const LogicNode& node, const LogicValue& data) {
  std::uint32_t at = 0;
  for (; at + 1 < node.count; at += 2) {
    if (IsTruthy(Node(Child(node, at), data))) return Node(Child(node, at + 1), data);
  }
  return at < node.count ? Node(Child(node, at), data) : LogicValue::Null();
}

// `and`, `or`: the value that decides, not whether it is true.
LogicValue LogicEvaluator::Decide(const LogicNode& node, const LogicValue& data) {
  LogicValue last;
  for (std::uint32_t i = 0; i < node.count; ++i) {
    last = Node(Child(node, i), data);
    if (IsTruthy(last) == (node.op == LogicOp::kOr)) break;
  }
  return last;
}

std::span<const LogicValue> LogicEvaluator::Arguments(const LogicNode& node,
                                                      const LogicValue& data) {
  LogicBuffer<LogicValue> values(memory_, node.count);
  for (std::uint32_t i = 0; i < node.count; ++i) values.Append(Node(Child(node, i), data));
  return values.items();
}

[[gnu::noinline]] LogicChoice ChooseByLogic(const ImageView& view, const LogicRecord& record,
                                            const LogicSubject& subject, Budget& budget,
                                            std::string* result) {
  LogicEvaluator evaluator(view, record, subject, budget);
  const LogicValue chosen = evaluator.Evaluate(LogicValue::Whole(subject.context));
  if (result != nullptr) AppendJson(*result, ToValue(chosen));
  if (chosen.variant() != 0) return {chosen.variant() - 1U};
  return ChoiceCalled(chosen, evaluator);
}

}  // namespace pennon::engine
