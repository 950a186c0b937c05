#include "engine/logic_operation.h"

#include <cmath>
#include <limits>

#include "engine/literal.h"
#include "engine/logic_number.h"
#include "engine/logic_text.h"
#include "engine/matcher.h"

namespace pennon::engine {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double NumberOf(LogicEvaluator& evaluator, const LogicValue& value) {
  return ToNumber(value, evaluator.memory()).number();
}

// JavaScript's parseFloat, which is what + and * make of their arguments.
double ParsedNumber(LogicEvaluator& evaluator, const LogicValue& value) {
  if (value.IsNumber()) return value.number();
  return NumberFromPrefix(ToText(value, evaluator.memory()));
}

bool InOrder(LogicEvaluator& evaluator, LogicOp op, const LogicValue& a, const LogicValue& b) {
  const auto order = Compare(a, b, evaluator.memory());
  switch (op) {
    case LogicOp::kLess:
      return order < 0;
    case LogicOp::kLessEqual:
      return order <= 0;
    case LogicOp::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

// < and <= take a third argument: a < b < c.
bool IsOrdered(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  const LogicValue a = evaluator.Argument(node, 0, data);
  const LogicValue b = evaluator.Argument(node, 1, data);
  if (!InOrder(evaluator, node.op, a, b)) return false;
  if (node.op != LogicOp::kLess && node.op != LogicOp::kLessEqual) return true;
  const LogicValue c = evaluator.Argument(node, 2, data);
  return c.kind() == LogicKind::kUndefined || InOrder(evaluator, node.op, b, c);
}

bool IsEqual(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  const LogicValue a = evaluator.Argument(node, 0, data);
  const LogicValue b = evaluator.Argument(node, 1, data);
  if (node.op == LogicOp::kStrictEqual || node.op == LogicOp::kStrictUnequal) {
    return StrictEqual(a, b);
  }
  return LooseEqual(a, b, evaluator.memory());
}

// The largest or smallest argument; NaN as soon as one is none.
double Extreme(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  const bool is_max = node.op == LogicOp::kMax;
  double extreme = is_max ? -kInfinity : kInfinity;
  for (std::uint32_t i = 0; i < node.count; ++i) {
    const double number = NumberOf(evaluator, evaluator.Argument(node, i, data));
    if (std::isnan(number) || std::isnan(extreme)) {
      extreme = std::numeric_limits<double>::quiet_NaN();
    } else {
      extreme = is_max ? std::max(extreme, number) : std::min(extreme, number);
    }
  }
  return extreme;
}

LogicValue Sum(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  double sum = 0;
  for (std::uint32_t i = 0; i < node.count; ++i) {
    sum += ParsedNumber(evaluator, evaluator.Argument(node, i, data));
  }
  return LogicValue::Double(sum);
}

// A single factor is given back as it is.
LogicValue Product(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  const LogicValue first = evaluator.Argument(node, 0, data);
  if (node.count < 2) return first;
  double product = ParsedNumber(evaluator, first);
  for (std::uint32_t i = 1; i < node.count; ++i) {
    product *= ParsedNumber(evaluator, evaluator.Argument(node, i, data));
  }
  return LogicValue::Double(product);
}

double Binary(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  const LogicValue first = evaluator.Argument(node, 0, data);
  const LogicValue second = evaluator.Argument(node, 1, data);
  const double a = NumberOf(evaluator, first);
  if (node.op == LogicOp::kSubtract && second.kind() == LogicKind::kUndefined) return -a;
  const double b = NumberOf(evaluator, second);
  if (node.op == LogicOp::kSubtract) return a - b;
  if (node.op == LogicOp::kModulo) return std::fmod(a, b);
  if (b != 0) return a / b;
  return a == 0 || std::isnan(a) ? std::numeric_limits<double>::quiet_NaN()
                                 : std::copysign(kInfinity, a) * std::copysign(1.0, b);
}

bool IsMember(LogicEvaluator& evaluator, const LogicValue& value, const LogicValue& list) {
  bool found = false;
  list.ForEach([&](const LogicValue& element) {
    found = StrictEqual(value, element);
    return !found && evaluator.budget().Spend();
  });
  return found;
}

bool IsIn(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  const LogicValue value = evaluator.Argument(node, 0, data);
  const LogicValue where = evaluator.Argument(node, 1, data);
  if (where.IsArray()) return IsMember(evaluator, value, where);
  if (!where.IsString() || where.text().empty()) return false;
  return ContainsText(evaluator, where.text(), ToText(value, evaluator.memory()));
}

[[gnu::noinline]] bool IsInAnySet(LogicEvaluator& evaluator, const ValueSet& set,
                                  LogicValue value) {
  Scalar scalar;
  switch (value.kind()) {
    case LogicKind::kString:
      scalar = ScalarOf(value.text());
      break;
    case LogicKind::kBool:
      scalar = ScalarOf(value.boolean());
      break;
    case LogicKind::kInt:
      scalar = ScalarOf(value.integer());
      break;
    case LogicKind::kDouble:
      scalar = ScalarOf(value.number());
      break;
    default:
      return false;
  }
  return ContainsScalar(evaluator.view(), set, scalar, evaluator.budget());
}

}  // namespace

LogicValue IsInSet(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  const LogicValue value = evaluator.Argument(node, 0, data);
  const ImageView& view = evaluator.view();
  const ValueSet& set = view.sets[node.operand];
  if (value.IsString() && set.hashed == 0 && value.text().size() <= kInlineText) [[likely]] {
    return LogicValue::Bool(HasShortText(view, set, value.text(), evaluator.budget()));
  }
  return LogicValue::Bool(IsInAnySet(evaluator, set, value));
}

LogicValue Operation(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  switch (node.op) {
    case LogicOp::kNot:
      return LogicValue::Bool(!IsTruthy(evaluator.Argument(node, 0, data)));
    case LogicOp::kTruth:
      return LogicValue::Bool(IsTruthy(evaluator.Argument(node, 0, data)));
    case LogicOp::kLooseEqual:
    case LogicOp::kStrictEqual:
      return LogicValue::Bool(IsEqual(evaluator, node, data));
    case LogicOp::kLooseUnequal:
    case LogicOp::kStrictUnequal:
      return LogicValue::Bool(!IsEqual(evaluator, node, data));
    case LogicOp::kLess:
    case LogicOp::kLessEqual:
    case LogicOp::kGreater:
    case LogicOp::kGreaterEqual:
      return LogicValue::Bool(IsOrdered(evaluator, node, data));
    case LogicOp::kMax:
    case LogicOp::kMin:
      return LogicValue::Double(Extreme(evaluator, node, data));
    case LogicOp::kAdd:
      return Sum(evaluator, node, data);
    case LogicOp::kMultiply:
      return Product(evaluator, node, data);
    case LogicOp::kSubtract:
    case LogicOp::kDivide:
    case LogicOp::kModulo:
      return LogicValue::Double(Binary(evaluator, node, data));
    case LogicOp::kIn:
      return LogicValue::Bool(IsIn(evaluator, node, data));
    case LogicOp::kCat:
      return Concatenation(evaluator, node, data);
    case LogicOp::kSubstr:
      return Substring(evaluator, node, data);
    default:  // kLog; its place to be read is Explain
      return evaluator.Argument(node, 0, data);
  }
}

}  // namespace pennon::engine
