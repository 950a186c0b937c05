// Runs conditions and looks values up in sets.
#pragma once

#include <cstdint>
#include <span>

#include "engine/budget.h"
#include "engine/image.h"
#include "model/context.h"

namespace pennon::engine {

/// What one evaluation is asked about.
struct Question {
  const model::Context& context;
  std::int64_t now_micros = 0;  // since 1970
};

/// Finds the attribute that `ref` names, or null.
inline const model::Attribute* Resolve(const ImageView& view, const AttributeRef& ref,
                                       const model::Context& context) {
  const model::Attribute* found = context.Find(view.Text(ref.name));
  for (const TextRef& member : view.paths.subspan(ref.members.first, ref.members.count)) {
    if (found == nullptr) break;
    found = model::Context::Member(*found, view.Text(member));
  }
  return found;
}

/// True when the attribute, or any element of an array attribute, is in the set.
bool Contains(const ImageView& view, const ValueSet& set, const model::Attribute& attribute,
              Budget& budget);

/// Runs the steps of a condition; no steps hold for everybody. False when the budget runs out.
bool Holds(const ImageView& view, std::span<const Step> steps, const Question& question,
           Budget& budget);

}  // namespace pennon::engine
