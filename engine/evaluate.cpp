#include "engine/evaluate.h"

#include "engine/walk.h"

namespace pennon::engine {

using model::Context;
using model::Evaluation;
using model::EvaluationError;

void FillValue(const ImageView& view, const VariantRecord& variant, Evaluation& evaluation) {
  evaluation.has_value = true;
  evaluation.variant = view.Text(variant.key);
  evaluation.value_json = view.Text(variant.json);
  switch (evaluation.type) {
    case model::ValueType::kBoolean:
      evaluation.boolean = variant.payload != 0;
      break;
    case model::ValueType::kInteger:
      evaluation.integer = static_cast<std::int64_t>(variant.payload);
      break;
    case model::ValueType::kNumber:
      evaluation.number = std::bit_cast<double>(variant.payload);
      break;
    case model::ValueType::kString:
      evaluation.text = view.Text(std::bit_cast<TextRef>(variant.payload));
      break;
    case model::ValueType::kObject:
      break;
  }
}

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
    const ImageView& view = snapshot.view();
    NoTrace nobody;
    return EvaluateFlag(view, view.BlockAt<FlagRecord>(flag->offset), context, moment, nobody);
  }
  Evaluation evaluation;
  evaluation.error = EvaluationError::kFlagNotFound;
  evaluation.detail = "there is no flag of this key";
  return evaluation;
}

}  // namespace pennon::engine
