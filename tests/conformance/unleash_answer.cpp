#include "tests/conformance/unleash_answer.h"

#include <string>

#include "wire/json.h"

namespace pennon::conformance {

using model::Evaluation;
using model::Object;
using model::Value;

bool IsFeatureEnabled(const Evaluation& evaluation) {
  return evaluation.kind == model::MatchKind::kRule;
}

Object UnleashVariantOf(const Evaluation& evaluation) {
  const bool is_enabled = IsFeatureEnabled(evaluation);
  // A feature without variants is a boolean flag.
  if (!is_enabled || !evaluation.has_value || evaluation.type == model::ValueType::kBoolean) {
    return {{"name", "disabled"}, {"enabled", false}, {"feature_enabled", is_enabled}};
  }
  const auto metadata = wire::ReadJson('{' + std::string(evaluation.metadata) + '}');
  const auto noted = [&](const char* name) {
    return metadata ? metadata->Find(name) : static_cast<const Value*>(nullptr);
  };
  const Value* name = noted("unleash.variant");
  Object variant{{"name", name != nullptr ? *name : Value(std::string(evaluation.variant))}};
  if (const Value* type = noted("unleash.payloadType")) {
    const Value* value = noted("unleash.payload");
    variant.emplace_back(
        "payload",
        Object{{"type", *type},
               {"value", value != nullptr ? *value : Value(std::string(evaluation.text))}});
  }
  variant.emplace_back("enabled", true);
  variant.emplace_back("feature_enabled", true);
  return variant;
}

}  // namespace pennon::conformance
