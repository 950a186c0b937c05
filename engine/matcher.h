// Tests attributes and looks values up in sets.
#pragma once

#include <cstdint>

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

/// Whether `now_micros` lies in the window whose two ends are the set's literals.
bool InWindow(const ImageView& view, const ValueSet& set, std::int64_t now_micros);

/// The result of a test of an attribute; `found` is null when the context lacks it.
bool Passes(const ImageView& view, const Step& step, const model::Attribute* found, Budget& budget);

}  // namespace pennon::engine
