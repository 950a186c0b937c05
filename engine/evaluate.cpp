#include "engine/evaluate.h"

#include "engine/walk.h"

namespace pennon::engine {

using model::Context;
using model::Evaluation;
using model::EvaluationError;

Evaluation Evaluate(const Snapshot& snapshot, FlagHandle flag, const Context& context,
                    const Moment& moment) noexcept {
  const ImageView& view = snapshot.view();
  view.PrefetchBlock(flag.offset);
  NoTrace nobody;
  return EvaluateFlag(view, view.BlockAt<FlagRecord>(flag.offset), context, moment, nobody);
}

Evaluation Evaluate(const Snapshot& snapshot, std::string_view key, const Context& context,
                    const Moment& moment) noexcept {
  if (const auto flag = snapshot.Find(key)) {
    return Evaluate(snapshot, *flag, context, moment);
  }
  Evaluation evaluation;
  evaluation.error = EvaluationError::kFlagNotFound;
  evaluation.detail = "there is no flag of this key";
  return evaluation;
}

}  // namespace pennon::engine
