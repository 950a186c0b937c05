#include "tests/conformance/evaluation_answer.h"

#include <cmath>
#include <optional>

#include "engine/evaluate.h"
#include "tests/conformance/unleash_answer.h"
#include "wire/json.h"

namespace pennon::conformance {
namespace {

using model::Evaluation;
using model::EvaluationError;
using model::MatchKind;
using model::Object;
using model::Value;
using model::ValueType;

constexpr double kIntegersEnd = 9007199254740992.0;  // 2^53: doubles tell whole numbers apart below

Value Parsed(std::string_view json) {
  auto value = wire::ReadJson(json);
  return value ? std::move(*value) : Value();
}

// The value as `type`, if that loses nothing.
std::optional<Value> As(WantedType type, const Evaluation& evaluation) {
  const auto given = [&](bool fits) {
    return fits ? std::optional(Parsed(evaluation.value_json)) : std::nullopt;
  };
  switch (type) {
    case WantedType::kAny:
      return given(true);
    case WantedType::kBoolean:
      return given(evaluation.type == ValueType::kBoolean);
    case WantedType::kString:
      return given(evaluation.type == ValueType::kString);
    case WantedType::kObject:
      return given(evaluation.type == ValueType::kObject);
    case WantedType::kFloat:
      return given(evaluation.type == ValueType::kInteger || evaluation.type == ValueType::kNumber);
    case WantedType::kInteger:
      break;
  }
  if (evaluation.type == ValueType::kInteger) return Value(evaluation.integer);
  const bool is_whole = evaluation.type == ValueType::kNumber &&
                        std::trunc(evaluation.number) == evaluation.number &&
                        std::abs(evaluation.number) < kIntegersEnd;
  if (!is_whole) return std::nullopt;
  return Value(static_cast<std::int64_t>(evaluation.number));
}

Object Details(const Evaluation& evaluation) {
  Object ext;
  if (evaluation.kind == MatchKind::kNone) return ext;
  ext.emplace_back("kind", std::string(Name(evaluation.kind)));
  if (evaluation.kind == MatchKind::kRule) {
    ext.emplace_back("ruleIndex", std::int64_t{evaluation.rule_index});
    if (!evaluation.detail.empty()) ext.emplace_back("ruleId", std::string(evaluation.detail));
  } else if (evaluation.kind == MatchKind::kPrerequisiteFailed) {
    ext.emplace_back("prerequisite", std::string(evaluation.detail));
  }
  return ext;
}

// Puts what a client of Unleash gets in the place of value and variant.
void SpeakUnleash(UnleashKind kind, const Evaluation& evaluation, Object& answer) {
  Value& value = answer[0].second;
  if (kind == UnleashKind::kEnabled) {
    value = IsFeatureEnabled(evaluation);
  } else {
    value = UnleashVariantOf(evaluation);
    answer[1].second = *value.Find("name");
  }
}

}  // namespace

Object AnswerOf(const Definitions& definitions, const Question& question, std::string_view flag,
                const client::Context& context) {
  const Evaluation evaluation =
      engine::Evaluate(definitions.snapshot(), flag, context.view(), question.moment);
  std::optional<Value> value;
  EvaluationError error = evaluation.error;
  if (evaluation.has_value) {
    value = As(question.type, evaluation);
    if (!value) error = EvaluationError::kTypeMismatch;
  }
  Object answer{{"value", value ? std::move(*value) : question.fallback},
                {"variant", value ? Value(std::string(evaluation.variant)) : Value()}};
  if (error == EvaluationError::kNone) {
    answer.emplace_back("reason", std::string(Name(evaluation.reason)));
  } else {
    answer.emplace_back("reason", std::string(Name(model::Reason::kError)));
    answer.emplace_back("errorCode", std::string(Name(error)));
    if (evaluation.error != EvaluationError::kNone) {
      answer.emplace_back("errorDetails", std::string(evaluation.detail));
    }
  }
  answer.emplace_back("metadata", Parsed('{' + std::string(evaluation.metadata) + '}'));
  Object ext = Details(evaluation);
  if (question.kind != UnleashKind::kNone) {
    ext.emplace_back("feature_enabled", IsFeatureEnabled(evaluation));
    SpeakUnleash(question.kind, evaluation, answer);
  }
  answer.emplace_back("ext", std::move(ext));
  return answer;
}

}  // namespace pennon::conformance
