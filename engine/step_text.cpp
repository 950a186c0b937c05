#include "engine/step_text.h"

#include <algorithm>
#include <bit>

#include "base/json_text.h"
#include "base/timestamp.h"
#include "engine/ip_range.h"
#include "engine/literal.h"
#include "engine/operand.h"
#include "engine/regex.h"
#include "model/flag_set.h"

namespace pennon::engine {
namespace {

std::string OpText(StepOp op) {
  if (op == StepOp::kWindow) return "window";
  static_assert(static_cast<int>(StepOp::kExists) == static_cast<int>(model::Operator::kExists));
  return std::string(model::Name(static_cast<model::Operator>(op)));
}

// A literal as it lies in the image; a number for the operators that take instants is one.
std::string LiteralText(const ImageView& view, StepOp op, const Literal& literal) {
  std::string text;
  if (literal.kind == LiteralKind::kString) {
    if (op == StepOp::kCidr) return IpRangeText(view.Text(literal));
    base::AppendJsonString(text, view.Text(literal));
  } else if (op == StepOp::kRegex) {
    const bool is_known = literal.payload < view.patterns.size();
    base::AppendJsonString(text, is_known ? view.Text(view.patterns[literal.payload]) : "");
  } else if (op == StepOp::kType) {
    text = Name(static_cast<AttributeType>(literal.payload));
  } else if (op == StepOp::kBefore || op == StepOp::kAfter || op == StepOp::kWindow) {
    text = base::FormatTimestamp(static_cast<std::int64_t>(literal.payload));
  } else if (literal.kind == LiteralKind::kBool) {
    text = literal.payload != 0 ? "true" : "false";
  } else if (literal.kind == LiteralKind::kInt) {
    base::AppendJsonInt(text, static_cast<std::int64_t>(literal.payload));
  } else {
    base::AppendJsonDouble(text, std::bit_cast<double>(literal.payload));
  }
  return text;
}

}  // namespace

std::string AttributeText(const ImageView& view, const AttributeRef& attribute) {
  std::string text(view.Text(attribute.name));
  if (attribute.members.count == 0) return text;
  text.insert(0, 1, '/');
  for (const TextRef& member :
       view.paths.subspan(attribute.members.first, attribute.members.count)) {
    text.append(1, '/').append(view.Text(member));
  }
  return text;
}

std::string AttributesText(const ImageView& view, Range attributes) {
  std::string text;
  for (const auto& attribute : view.attributes.subspan(attributes.first, attributes.count)) {
    text += (text.empty() ? "" : ", ") + AttributeText(view, attribute);
  }
  return text;
}

std::string FoundText(const model::Attribute* found) {
  if (found == nullptr) return "missing";
  if (found->kind() == model::AttributeKind::kNull) return "null";
  return std::string(Name(TypeOf(*found)));
}

std::string SetText(const ImageView& view, StepOp op, const ValueSet& set) {
  std::string text = OpText(op);
  const auto literals = view.literals.subspan(set.literals.first, set.literals.count);
  for (std::size_t i = 0; i < std::min(literals.size(), kMaxShownValues); ++i) {
    text += (i == 0 ? " " : ", ") + LiteralText(view, op, literals[i]);
  }
  if (literals.size() > kMaxShownValues) {
    text += " and " + std::to_string(literals.size() - kMaxShownValues) + " more";
  }
  return text;
}

std::string StepText(const ImageView& view, const Step& step) {
  const bool has_values = step.op != StepOp::kExists && step.op != StepOp::kIsNull;
  std::string text = has_values ? SetText(view, step.op, view.sets[step.operand]) : OpText(step.op);
  if (step.negate != 0) text.insert(0, "not ");
  return text;
}

}  // namespace pennon::engine
