#include "engine/matcher.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/short_text.h"
#include "engine/comparison.h"
#include "engine/literal.h"
#include "engine/logic_number.h"

namespace pennon::engine {
namespace {

using model::Attribute;
using model::AttributeKind;

bool EqualIgnoringCase(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(),
                    [](char a, char b) { return LowerAscii(a) == b; });
}

// What nearly every rule runs through, `attr in […]`, is inlined into one function down to the
// comparison; what is rarer is kept out of it, so that its registers and stack stay few.

// `scalar` is no long string.
inline bool SameRecord(const Scalar& scalar, const Literal& literal) {
  const Literal same{scalar.kind, static_cast<std::uint32_t>(scalar.text.size()), scalar.payload};
  using Words = std::array<std::uint64_t, 2>;
  const auto a = std::bit_cast<Words>(same);
  const auto b = std::bit_cast<Words>(literal);
  return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
}

inline bool EqualsLiteral(const ImageView& view, const Scalar& scalar, const Literal& literal) {
  if (!scalar.IsLongText()) return SameRecord(scalar, literal);
  return literal.kind == LiteralKind::kString && base::SameText(scalar.text, view.Text(literal));
}

[[gnu::always_inline]] inline bool InLinear(const ImageView& view, const ValueSet& set,
                                            const Scalar& scalar, Budget& budget) {
  if (!budget.Spend(set.literals.count)) return false;
  const auto literals = view.literals.subspan(set.literals.first, set.literals.count);
  if (scalar.IsLongText()) {
    return std::any_of(literals.begin(), literals.end(), [&](const Literal& literal) {
      return EqualsLiteral(view, scalar, literal);
    });
  }
  // All of them, without a branch: which one it is would be guessed wrongly most of the time.
  bool found = false;
  for (const Literal& literal : literals) found |= SameRecord(scalar, literal);
  return found;
}

[[gnu::noinline]] bool InHashed(const ImageView& view, const ValueSet& set, const Scalar& scalar,
                                Budget& budget) {
  const std::uint64_t hash = HashScalar(scalar, set.table.seed);
  auto at = static_cast<std::uint32_t>(hash);
  for (std::uint32_t probe = 0; probe < kMaxProbe; ++probe, ++at) {
    const std::uint32_t slot = view.slots[set.table.first_slot + (at & set.table.mask)];
    if (slot == kNone || !budget.Spend()) return false;
    if (TaggedSlot::TagOf(slot) != TaggedSlot::Tag(hash)) continue;
    const std::uint32_t literal = set.literals.first + TaggedSlot::IndexOf(slot);
    if (EqualsLiteral(view, scalar, view.literals[literal])) return true;
  }
  return false;
}

[[gnu::always_inline]] inline bool HasScalar(const ImageView& view, const ValueSet& set,
                                             const Scalar& scalar, Budget& budget) {
  return set.hashed == 0 ? InLinear(view, set, scalar, budget)
                         : InHashed(view, set, scalar, budget);
}

// Literals of a set that ignores case are stored in lower case; so must be what is looked up.
[[gnu::noinline]] bool HasTextInAnyCase(const ImageView& view, const ValueSet& set,
                                        std::string_view text, Budget& budget) {
  std::array<char, 256> lower;
  if (text.size() <= lower.size()) {
    std::transform(text.begin(), text.end(), lower.begin(), LowerAscii);
    return HasScalar(view, set, ScalarOf(std::string_view(lower.data(), text.size())), budget);
  }
  if (!budget.Spend(set.literals.count)) return false;
  const auto literals = view.literals.subspan(set.literals.first, set.literals.count);
  return std::any_of(literals.begin(), literals.end(), [&](const Literal& literal) {
    return literal.kind == LiteralKind::kString && EqualIgnoringCase(text, view.Text(literal));
  });
}

[[gnu::always_inline]] inline bool InSet(const ImageView& view, const ValueSet& set,
                                         const Attribute& attribute, bool ignore_case,
                                         Budget& budget) {
  const auto scalar = ScalarOf(attribute);
  if (!scalar) return false;
  if (ignore_case && scalar->kind == LiteralKind::kString) {
    return HasTextInAnyCase(view, set, scalar->text, budget);
  }
  return HasScalar(view, set, *scalar, budget);
}

[[gnu::always_inline]] inline bool MatchesAny(const ImageView& view, const Step& step,
                                              const Attribute& attribute, Budget& budget) {
  const ValueSet& set = view.sets[step.operand];
  const bool ignore_case = (step.option & kOption) != 0;
  if (step.op == StepOp::kIn) return InSet(view, set, attribute, ignore_case, budget);
  return ComparesWithAny(view, step, set, attribute, budget);
}

// Calls `test` with the attribute, or with each element of an array until one matches.
template <typename Test>
bool AnyElement(const Attribute& attribute, Budget& budget, Test&& test) {
  if (attribute.kind() != AttributeKind::kArray) return test(attribute);
  const Attribute* const end = &attribute + attribute.size();
  for (const Attribute* element = &attribute + 1; element < end; element += element->size()) {
    if (!budget.Spend()) return false;
    if (test(*element)) return true;
  }
  return false;
}

// Of the attribute itself, not of an array's elements.
bool HasType(const ImageView& view, const ValueSet& set, const Attribute& attribute,
             Budget& budget) {
  if (!budget.Spend(set.literals.count)) return false;
  const auto type = static_cast<std::uint64_t>(TypeOf(attribute));
  const auto literals = view.literals.subspan(set.literals.first, set.literals.count);
  return std::any_of(literals.begin(), literals.end(),
                     [&](const Literal& literal) { return literal.payload == type; });
}

// The attribute as text, and that as the operator needs it.
[[gnu::noinline]] bool MatchesAsText(const ImageView& view, const Step& step,
                                     const Attribute& attribute, Budget& budget) {
  if (attribute.kind() == AttributeKind::kNull || attribute.kind() == AttributeKind::kArray ||
      attribute.kind() == AttributeKind::kObject) {
    return false;  // these are no text
  }
  NumberText buffer;
  const std::string_view text = TextOf(attribute, buffer);
  if (step.op < StepOp::kEqual || step.op > StepOp::kLessEqual) {
    return MatchesAny(view, step, Attribute("", text), budget);
  }
  const double number = NumberFromText(text);
  return !std::isnan(number) && MatchesAny(view, step, Attribute("", number), budget);
}

}  // namespace

bool Contains(const ImageView& view, const ValueSet& set, const Attribute& attribute,
              Budget& budget) {
  return AnyElement(attribute, budget, [&](const Attribute& element) {
    return InSet(view, set, element, false, budget);
  });
}

bool ContainsScalar(const ImageView& view, const ValueSet& set, const Scalar& scalar,
                    Budget& budget) {
  return HasScalar(view, set, scalar, budget);
}

const Attribute* ResolvePath(const ImageView& view, const AttributeRef& ref,
                             const model::Context& context) {
  const Attribute* found = nullptr;
  for (const AttributeRef* next = &ref;; next = &view.attributes[next->alternative]) {
    found = context.Find(view.Text(next->name));
    for (const TextRef& member : view.paths.subspan(next->members.first, next->members.count)) {
      if (found == nullptr) break;
      found = context.FindMember(*found, view.Text(member));
    }
    const bool is_missing = found == nullptr || found->kind() == AttributeKind::kNull;
    if (!is_missing || next->alternative == kNone) return found;
  }
}

bool InWindow(const ImageView& view, const ValueSet& set, std::int64_t now_micros) {
  const auto ends = view.literals.subspan(set.literals.first, set.literals.count);
  return ends.size() == 2 && now_micros >= static_cast<std::int64_t>(ends[0].payload) &&
         now_micros < static_cast<std::int64_t>(ends[1].payload);
}

bool PassesAny(const ImageView& view, const Step& step, const Attribute* found, Budget& budget) {
  const bool negate = step.negate != 0;
  const bool present = found != nullptr && found->kind() != AttributeKind::kNull;
  if (step.op == StepOp::kExists) return present != negate;
  if (found != nullptr && step.op == StepOp::kIsNull) return present == negate;
  if (!present) return step.on_missing != 0;
  if (step.op == StepOp::kType)
    return HasType(view, view.sets[step.operand], *found, budget) != negate;
  const bool matched = AnyElement(*found, budget, [&](const Attribute& element) {
    return (step.option & kAsText) != 0 ? MatchesAsText(view, step, element, budget)
                                        : MatchesAny(view, step, element, budget);
  });
  return matched != negate;
}

}  // namespace pennon::engine
