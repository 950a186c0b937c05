// Tests attributes and looks values up in sets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "engine/budget.h"
#include "engine/image_view.h"
#include "engine/literal.h"
#include "model/context.h"

namespace pennon::engine {

/// What one evaluation is asked about.
struct Question {
  const model::Context& context;
  std::int64_t now_micros = 0;  // since 1970
  std::uint64_t random = 0;
};

/// As Resolve, for attributes with members or an alternative.
const model::Attribute* ResolvePath(const ImageView& view, const AttributeRef& ref,
                                    const model::Context& context);

/// Finds the attribute that `ref` names, or null.
inline const model::Attribute* Resolve(const ImageView& view, const AttributeRef& ref,
                                       const model::Context& context) {
  if (!ref.IsPlain()) [[unlikely]]
    return ResolvePath(view, ref, context);
  return context.Find(view.Text(ref.name));
}

/// True when the attribute, or any element of an array attribute, is in the set.
bool Contains(const ImageView& view, const ValueSet& set, const model::Attribute& attribute,
              Budget& budget);

/// True when a scalar is in the set.
bool ContainsScalar(const ImageView& view, const ValueSet& set, const Scalar& scalar,
                    Budget& budget);

/// Whether `now_micros` lies in the window whose two ends are the set's literals.
bool InWindow(const ImageView& view, const ValueSet& set, std::int64_t now_micros);

/// As Passes, for whatever is not the shortest way.
bool PassesAny(const ImageView& view, const Step& step, const model::Attribute* found,
               Budget& budget);

/// Whether a text of up to kInlineText bytes is in a set that is not hashed.
inline bool HasShortText(const ImageView& view, const ValueSet& set, std::string_view text,
                         Budget& budget) {
  if (!budget.Spend(set.literals.count)) return false;
  const std::uint64_t word = PackText(text);
  const auto literals = view.literals.subspan(set.literals.first, set.literals.count);
  return std::any_of(literals.begin(), literals.end(), [&](const Literal& literal) {
    return literal.payload == word && literal.size == text.size() &&
           literal.kind == LiteralKind::kString;
  });
}

/// The result of a test of an attribute; `found` is null when the context lacks it. The shortest
/// way, a short text in a short list, is what most tests are.
inline bool Passes(const ImageView& view, const Step& step, const model::Attribute* found,
                   Budget& budget) {
  if (step.op == StepOp::kIn && step.option == 0 && found != nullptr &&
      found->kind() == model::AttributeKind::kString && found->text().size() <= kInlineText) {
    const ValueSet& set = view.sets[step.operand];
    if (set.hashed == 0) [[likely]] {
      return HasShortText(view, set, found->text(), budget) != (step.negate != 0);
    }
  }
  return PassesAny(view, step, found, budget);
}

}  // namespace pennon::engine
