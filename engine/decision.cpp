#include "engine/decision.h"

namespace pennon::engine {

model::Evaluation ConcludeWithoutValue(const ImageView& view, const FlagRecord& flag,
                                       const Decision& decision) {
  model::Evaluation evaluation{.reason = decision.reason,
                               .error = decision.error,
                               .kind = decision.kind,
                               .type = static_cast<model::ValueType>(flag.type),
                               .rule_index = RuleIndexOf(decision)};
  if (decision.error == model::EvaluationError::kNone) {
    evaluation.detail = DetailOf(view, decision);
  } else if (decision.what != nullptr) {
    evaluation.detail = static_cast<const char*>(decision.what);
  } else {
    evaluation.detail = view.Text(flag.metadata);
  }
  if (flag.state != FlagState::kBroken) evaluation.metadata = view.Text(flag.metadata);
  return evaluation;
}

}  // namespace pennon::engine
