// What a walk decided, and the answer that it comes to.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "engine/image_view.h"
#include "model/evaluation.h"

namespace pennon::engine {

/// What a walk decided, in two registers; turned into an Evaluation at the end, once.
struct Decision {
  model::Reason reason = model::Reason::kDefault;
  model::EvaluationError error = model::EvaluationError::kNone;
  model::MatchKind kind = model::MatchKind::kNone;
  bool is_off = false;  // the flag is off, or for this subject
  std::uint32_t variant = kNone;
  /// For MatchKind::kRule the RuleRecord, for kPrerequisiteFailed the other flag's FlagRecord; for
  /// an error the text, or null when it is in the flag's metadata.
  const void* what = nullptr;

  static Decision Failed(model::EvaluationError error, const char* text) {
    return {model::Reason::kError, error, model::MatchKind::kNone, false, kNone, text};
  }
  /// Nothing is decided: whatever comes next has its turn.
  static Decision PassedOver() { return {}; }
  [[nodiscard]] bool IsPassedOver() const {
    return kind == model::MatchKind::kNone && error == model::EvaluationError::kNone;
  }
};

/// As Conclude, for a decision without a variant: an error, or the caller's default.
model::Evaluation ConcludeWithoutValue(const ImageView& view, const FlagRecord& flag,
                                       const Decision& decision);

/// What the answer says beside the value: the rule's id or the failed prerequisite.
inline std::string_view DetailOf(const ImageView& view, const Decision& decision) {
  if (decision.kind == model::MatchKind::kRule) {
    return view.Text(static_cast<const RuleRecord*>(decision.what)->id);
  }
  if (decision.kind == model::MatchKind::kPrerequisiteFailed) {
    return KeyOf(*static_cast<const FlagRecord*>(decision.what));
  }
  return {};
}
inline std::int32_t RuleIndexOf(const Decision& decision) {
  if (decision.kind != model::MatchKind::kRule) return -1;
  return static_cast<std::int32_t>(static_cast<const RuleRecord*>(decision.what)->position);
}

/// The Evaluation that a decision about `flag` comes to; every member is written once.
[[gnu::always_inline]] inline model::Evaluation Conclude(const ImageView& view,
                                                         const FlagRecord& flag,
                                                         const Decision& decision) {
  if (decision.variant == kNone) [[unlikely]]
    return ConcludeWithoutValue(view, flag, decision);
  const VariantRecord& variant = view.variants[flag.variants.first + decision.variant];
  const auto type = static_cast<model::ValueType>(flag.type);
  const bool is_text = type == model::ValueType::kString;
  return {.reason = decision.reason,
          .error = decision.error,
          .kind = decision.kind,
          .has_value = true,
          .type = type,
          .boolean = type == model::ValueType::kBoolean && variant.payload != 0,
          .rule_index = RuleIndexOf(decision),
          .variant_index = decision.variant,
          .integer =
              type == model::ValueType::kInteger ? static_cast<std::int64_t>(variant.payload) : 0,
          .number = type == model::ValueType::kNumber ? std::bit_cast<double>(variant.payload) : 0,
          .text = is_text ? view.Text(std::bit_cast<TextRef>(variant.payload)) : std::string_view(),
          .value_json = view.Text(variant.json),
          .variant = view.Text(variant.key),
          .detail = DetailOf(view, decision),
          .metadata = view.Text(variant.metadata.size != 0 ? variant.metadata : flag.metadata)};
}

}  // namespace pennon::engine
