#include "engine/matcher.h"

#include <algorithm>
#include <array>

#include "base/same_text.h"
#include "engine/literal.h"

namespace pennon::engine {
namespace {

using model::Attribute;
using model::AttributeKind;

bool EqualIgnoringCase(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(),
                    [](char a, char b) { return LowerAscii(a) == b; });
}

bool ContainsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::search(text.begin(), text.end(), lower.begin(), lower.end(),
                     [](char a, char b) { return LowerAscii(a) == b; }) != text.end();
}

inline bool EqualsLiteral(const ImageView& view, const Scalar& scalar, const Literal& literal,
                          bool ignore_case) {
  if (scalar.kind != literal.kind) return false;
  if (scalar.kind != LiteralKind::kString) return scalar.payload == literal.payload;
  if (scalar.text.size() != literal.size) return false;
  const std::string_view text =
      view.Text({static_cast<std::uint32_t>(literal.payload), literal.size});
  return ignore_case ? EqualIgnoringCase(scalar.text, text) : base::SameText(scalar.text, text);
}

bool InLinear(const ImageView& view, const ValueSet& set, const Scalar& scalar, bool ignore_case,
              Budget& budget) {
  if (!budget.Spend(set.literals.count)) return false;
  for (const Literal& literal : view.literals.subspan(set.literals.first, set.literals.count)) {
    if (EqualsLiteral(view, scalar, literal, ignore_case)) return true;
  }
  return false;
}

bool InHashed(const ImageView& view, const ValueSet& set, const Scalar& scalar, Budget& budget) {
  std::uint64_t slot = HashScalar(scalar, set.table.seed);
  for (std::uint32_t probe = 0; probe < kMaxProbe; ++probe, ++slot) {
    const std::uint32_t index =
        view.slots[set.table.first_slot + (static_cast<std::uint32_t>(slot) & set.table.mask)];
    if (index == kNone || !budget.Spend()) return false;
    if (EqualsLiteral(view, scalar, view.literals[index], false)) return true;
  }
  return false;
}

bool InSet(const ImageView& view, const ValueSet& set, const Attribute& attribute, bool ignore_case,
           Budget& budget) {
  const auto scalar = ScalarOf(attribute);
  if (!scalar) return false;
  if (set.hashed == 0) return InLinear(view, set, *scalar, ignore_case, budget);
  if (!ignore_case || scalar->kind != LiteralKind::kString) {
    return InHashed(view, set, *scalar, budget);
  }
  // Literals of such a set are stored in lower case; so must be what is looked up.
  std::array<char, 256> lower;
  if (scalar->text.size() > lower.size()) return InLinear(view, set, *scalar, true, budget);
  std::transform(scalar->text.begin(), scalar->text.end(), lower.begin(), LowerAscii);
  return InHashed(view, set, ScalarOf(std::string_view(lower.data(), scalar->text.size())), budget);
}

bool TextMatches(StepOp op, std::string_view text, std::string_view part, bool ignore_case) {
  if (text.size() < part.size()) return false;
  switch (op) {
    case StepOp::kStartsWith:
      text = text.substr(0, part.size());
      break;
    case StepOp::kEndsWith:
      text = text.substr(text.size() - part.size());
      break;
    default:
      return ignore_case ? ContainsIgnoringCase(text, part)
                         : text.find(part) != std::string_view::npos;
  }
  return ignore_case ? EqualIgnoringCase(text, part) : text == part;
}

template <typename T>
bool Ordered(StepOp op, T a, T b) {
  switch (op) {
    case StepOp::kEqual:
      return a == b;
    case StepOp::kGreater:
      return a > b;
    case StepOp::kGreaterEqual:
      return a >= b;
    case StepOp::kLess:
      return a < b;
    default:
      return a <= b;
  }
}

bool NumberMatches(StepOp op, const Attribute& attribute, const Literal& literal) {
  if (literal.kind == LiteralKind::kInt && attribute.kind == AttributeKind::kInt) {
    return Ordered(op, attribute.integer, static_cast<std::int64_t>(literal.payload));
  }
  const long double left = attribute.kind == AttributeKind::kInt
                               ? static_cast<long double>(attribute.integer)
                               : static_cast<long double>(attribute.number);
  return Ordered(op, left, NumberOf(literal.kind, literal.payload));
}

bool MatchesAny(const ImageView& view, const Step& step, const Attribute& attribute,
                Budget& budget) {
  const ValueSet& set = view.sets[step.operand];
  if (step.op == StepOp::kIn) return InSet(view, set, attribute, step.ignore_case != 0, budget);
  const bool numeric = step.op >= StepOp::kEqual;
  if (numeric ? !attribute.IsNumber() : attribute.kind != AttributeKind::kString) return false;
  for (const Literal& literal : view.literals.subspan(set.literals.first, set.literals.count)) {
    if (!budget.Spend()) return false;
    if (numeric) {
      const bool comparable =
          literal.kind == LiteralKind::kInt || literal.kind == LiteralKind::kDouble;
      if (comparable && NumberMatches(step.op, attribute, literal)) return true;
    } else if (literal.kind == LiteralKind::kString &&
               TextMatches(step.op, attribute.text,
                           view.Text({static_cast<std::uint32_t>(literal.payload), literal.size}),
                           step.ignore_case != 0)) {
      return true;
    }
  }
  return false;
}

// Calls `test` with the attribute, or with each element of an array until one matches.
template <typename Test>
bool AnyElement(const Attribute& attribute, Budget& budget, Test&& test) {
  if (attribute.kind != AttributeKind::kArray) return test(attribute);
  const Attribute* const end = &attribute + attribute.size;
  for (const Attribute* element = &attribute + 1; element < end; element += element->size) {
    if (!budget.Spend()) return false;
    if (test(*element)) return true;
  }
  return false;
}

bool InSegment(const ImageView& view, const SegmentRecord& segment, const model::Context& context,
               Budget& budget) {
  const Attribute* attribute = Resolve(view, view.attributes[segment.attribute], context);
  if (attribute != nullptr) {
    if (segment.included != kNone &&
        Contains(view, view.sets[segment.included], *attribute, budget)) {
      return true;
    }
    if (segment.excluded != kNone &&
        Contains(view, view.sets[segment.excluded], *attribute, budget)) {
      return false;
    }
  }
  return segment.has_condition != 0 && Holds(view, PartOf(segment, segment.when), context, budget);
}

bool StepHolds(const ImageView& view, const Step& step, const model::Context& context,
               Budget& budget) {
  if (step.op == StepOp::kSegment) {
    return InSegment(view, view.BlockAt<SegmentRecord>(view.segments[step.attribute]), context,
                     budget);
  }
  const Attribute* attribute = Resolve(view, view.attributes[step.attribute], context);
  const bool present = attribute != nullptr && attribute->kind != AttributeKind::kNull;
  if (step.op == StepOp::kExists) return present != (step.negate != 0);
  if (!present) return step.on_missing != 0;
  const bool matched = AnyElement(*attribute, budget, [&](const Attribute& element) {
    return MatchesAny(view, step, element, budget);
  });
  return matched != (step.negate != 0);
}

}  // namespace

const Attribute* Resolve(const ImageView& view, const AttributeRef& ref,
                         const model::Context& context) {
  const auto path = view.paths.subspan(ref.path.first, ref.path.count);
  const Attribute* found = context.Find(view.Text(path.front()));
  for (std::size_t i = 1; i < path.size() && found != nullptr; ++i) {
    found = model::Context::Member(*found, view.Text(path[i]));
  }
  return found;
}

bool Contains(const ImageView& view, const ValueSet& set, const Attribute& attribute,
              Budget& budget) {
  return AnyElement(attribute, budget, [&](const Attribute& element) {
    return InSet(view, set, element, false, budget);
  });
}

bool Holds(const ImageView& view, std::span<const Step> steps, const model::Context& context,
           Budget& budget) {
  if (steps.empty()) return true;
  std::uint32_t next = 0;
  while (next < kReject) {
    if (!budget.Spend()) return false;
    const Step& step = steps[next];
    next = StepHolds(view, step, context, budget) ? step.on_true : step.on_false;
  }
  return next == kAccept && !budget.IsSpent();
}

}  // namespace pennon::engine
