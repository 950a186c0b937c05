#include "engine/definition_check.h"

#include <algorithm>
#include <string>

#include "engine/condition_compiler.h"
#include "engine/limits.h"
#include "engine/logic_operator.h"
#include "engine/value_schema.h"

namespace pennon::engine {
namespace {

using base::Error;
using model::Flag;
using model::Value;
using model::ValueType;
using Found = std::optional<Error>;

std::string At(std::string_view list, std::size_t index) {
  return std::string(list) + '[' + std::to_string(index) + ']';
}

Found CheckKey(std::string_view key, std::string_view place) {
  if (key.empty()) return Error::Invalid(place, "is empty");
  if (key.size() <= kMaxKeyBytes) return std::nullopt;
  return Error::Limit(place, "is longer than " + std::to_string(kMaxKeyBytes) + " bytes");
}

bool HasType(const Value& value, ValueType type) {
  switch (type) {
    case ValueType::kBoolean:
      return value.AsBool() != nullptr;
    case ValueType::kString:
      return value.AsString() != nullptr;
    case ValueType::kInteger:
      return value.AsInt() != nullptr;
    case ValueType::kNumber:
      return value.AsDouble() != nullptr || value.AsInt() != nullptr;
    case ValueType::kObject:
      return value.AsObject() != nullptr || value.AsArray() != nullptr;
  }
  return false;
}

Found CheckMetadata(const model::Object& metadata, const std::string& place) {
  for (const auto& [name, value] : metadata) {
    if (name.starts_with("pennon.")) {
      return Error::Invalid(place + "metadata." + name,
                            "names that begin with \"pennon.\" are pennon's own");
    }
    if (!value.IsNull() && value.AsArray() == nullptr && value.AsObject() == nullptr) continue;
    return Error::Invalid(
        place + "metadata." + name,
        "is " + std::string(TypeName(value)) + ", expected a string, a number or a boolean");
  }
  return std::nullopt;
}

// Places are put together when there is something to say, because that is hardly ever.
Found CheckVariant(const Flag& flag, const model::Variant& variant) {
  if (auto error = CheckKey(variant.key, "key")) return error;
  if (!HasType(variant.value, flag.type)) {
    return Error::Invalid("value", "is " + std::string(TypeName(variant.value)) +
                                       ", the flag's type is " + std::string(Name(flag.type)));
  }
  return CheckMetadata(variant.metadata, "");
}

Found CheckVariants(const Flag& flag) {
  if (flag.variants.empty()) return Error::Invalid("variants", "is empty, expected at least one");
  if (flag.variants.size() > kMaxVariants) {
    return Error::Limit("variants", "are more than " + std::to_string(kMaxVariants));
  }
  for (std::size_t i = 0; i < flag.variants.size(); ++i) {
    const model::Variant& variant = flag.variants[i];
    if (auto error = CheckVariant(flag, variant)) return error->Within(At("variants", i));
    if (static_cast<std::size_t>(VariantIndex(flag, variant.key)) == i) continue;
    return Error::Invalid(At("variants", i) + ".key", "\"" + variant.key + "\" is given twice");
  }
  return std::nullopt;
}

Found CheckSchema(const Flag& flag) {
  if (flag.schema.IsNull()) return std::nullopt;
  if (flag.type != ValueType::kObject) {
    return Error::Invalid("schema", "is only for flags of type object");
  }
  ValueSchema schema(flag.schema);
  if (auto error = schema.Check("schema")) return error;
  for (std::size_t i = 0; i < flag.variants.size(); ++i) {
    if (auto error = schema.Validate(flag.variants[i].value, At("variants", i) + ".value")) {
      return error;
    }
  }
  return std::nullopt;
}

Found CheckVariantKey(const Flag& flag, std::string_view key, std::string_view place) {
  if (VariantIndex(flag, key) >= 0) return std::nullopt;
  return Error::Invalid(place, "there is no variant \"" + std::string(key) + '"');
}

Found CheckBucketing(const model::Bucketing& bucketing, model::OnMissing on_missing) {
  constexpr std::string_view kList = "bucketBy";
  if (bucketing.attributes.empty() && on_missing != model::OnMissing::kRandom) {
    return Error::Invalid(kList, "is empty; only onMissing \"random\" needs no attribute");
  }
  if (bucketing.attributes.size() > kMaxBucketAttributes) {
    return Error::Limit(kList,
                        "has more than " + std::to_string(kMaxBucketAttributes) + " entries");
  }
  for (std::size_t i = 0; i < bucketing.attributes.size(); ++i) {
    if (auto error = CheckAttribute(bucketing.attributes[i], ""))
      return error->Within(At(kList, i));
  }
  return std::nullopt;
}

Found CheckRamp(const Flag& flag, const model::Ramp& ramp, std::uint64_t sum) {
  if (auto error = CheckVariantKey(flag, ramp.variant, "variant")) return error;
  if (ramp.from >= ramp.to) return Error::Invalid("to", "is not after from");
  const bool start_is_more = ramp.start_weight > sum;
  if (!start_is_more && ramp.end_weight <= sum) return std::nullopt;
  return Error::Invalid(start_is_more ? "startWeight" : "endWeight",
                        "is more than the sum of the weights, " + std::to_string(sum));
}

Found CheckSplit(const Flag& flag, const model::Split& split) {
  if (auto error = CheckBucketing(split.bucketing, split.on_missing)) return error;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < split.weights.size(); ++i) {
    const model::Weight& weight = split.weights[i];
    if (auto error = CheckVariantKey(flag, weight.variant, "variant")) {
      return error->Within(At("weights", i));
    }
    sum += weight.weight;
  }
  if (sum < 1 || sum > kMaxWeightSum) {
    return Error::Invalid("weights", "sum is " + std::to_string(sum) + ", expected 1 to " +
                                         std::to_string(kMaxWeightSum));
  }
  if (split.on_missing == model::OnMissing::kVariant) {
    if (auto error = CheckVariantKey(flag, split.missing_variant, "onMissing.variant"))
      return error;
  }
  if (!split.ramp) return std::nullopt;
  auto error = CheckRamp(flag, *split.ramp, sum);
  return error ? error->Within("ramp") : error;
}

Found CheckServe(const Flag& flag, const model::Serve& serve) {
  if (const auto* fixed = std::get_if<model::ServeVariant>(&serve)) {
    return CheckVariantKey(flag, fixed->variant, "variant");
  }
  if (const auto* split = std::get_if<model::Split>(&serve)) {
    auto error = CheckSplit(flag, *split);
    return error ? error->Within("split") : error;
  }
  if (const auto* logic = std::get_if<model::ServeLogic>(&serve)) {
    return CheckLogic(logic->rule, "jsonlogic");
  }
  return std::nullopt;
}

Found CheckTargets(const Flag& flag) {
  for (std::size_t i = 0; i < flag.targets.size(); ++i) {
    const model::Target& target = flag.targets[i];
    const std::string place = At("targets", i);
    if (auto error = CheckVariantKey(flag, target.variant, place + ".variant")) return error;
    if (auto error = CheckAttribute(target.attribute, place + ".attribute")) return error;
    if (auto error = CheckScalars(target.values, place + ".values")) return error;
  }
  return std::nullopt;
}

Found CheckGate(const model::Gate& gate) {
  if (auto error = CheckBucketing(gate.bucketing, gate.on_missing)) return error;
  if (gate.to > kGateTotal || gate.from > gate.to) {
    return Error::Invalid("", "expected 0 <= from <= to <= 100 percent");
  }
  if (gate.bucketing.algorithm == model::Algorithm::kUnleash &&
      gate.to % (kGateTotal / kUnleashTotal) != 0) {
    return Error::Invalid("percent", "the algorithm \"unleash\" takes whole percents");
  }
  if (gate.layer.size() <= kMaxKeyBytes) return std::nullopt;
  return Error::Limit("layer", "is longer than " + std::to_string(kMaxKeyBytes) + " bytes");
}

Found CheckRule(const Flag& flag, const model::Rule& rule) {
  if (rule.id.size() > kMaxKeyBytes) {
    return Error::Limit("id", "is longer than " + std::to_string(kMaxKeyBytes) + " bytes");
  }
  if (rule.when) {
    if (auto error = CheckCondition(*rule.when)) return error->Within("when");
  }
  if (rule.gate) {
    if (auto error = CheckGate(*rule.gate)) return error->Within("gate");
  }
  auto error = CheckServe(flag, rule.serve);
  return error ? error->Within("serve") : error;
}

Found CheckRules(const Flag& flag) {
  if (flag.rules.size() > kMaxRules) {
    return Error::Limit("rules", "are more than " + std::to_string(kMaxRules));
  }
  for (std::size_t i = 0; i < flag.rules.size(); ++i) {
    if (auto error = CheckRule(flag, flag.rules[i])) return error->Within(At("rules", i));
  }
  return std::nullopt;
}

}  // namespace

int VariantIndex(const Flag& flag, std::string_view key) {
  const auto found = std::find_if(flag.variants.begin(), flag.variants.end(),
                                  [&](const model::Variant& v) { return v.key == key; });
  return found == flag.variants.end() ? -1 : static_cast<int>(found - flag.variants.begin());
}

std::optional<Error> CheckFlag(const Flag& flag) {
  if (auto error = CheckKey(flag.key, "key")) return error;
  if (auto error = CheckVariants(flag)) return error;
  if (auto error = CheckSchema(flag)) return error;
  if (flag.off_variant) {
    if (auto error = CheckVariantKey(flag, *flag.off_variant, "offVariant")) return error;
  }
  if (auto error = CheckTargets(flag)) return error;
  if (auto error = CheckRules(flag)) return error;
  if (auto error = CheckMetadata(flag.metadata, "")) return error;
  if (!flag.fallthrough) return std::nullopt;
  auto error = CheckServe(flag, *flag.fallthrough);
  return error ? error->Within("default") : error;
}

std::optional<Error> CheckSegment(const model::Segment& segment) {
  if (auto error = CheckKey(segment.key, "key")) return error;
  if (auto error = CheckAttribute(segment.attribute, "attribute")) return error;
  if (auto error = CheckScalars(segment.included, "included")) return error;
  if (auto error = CheckScalars(segment.excluded, "excluded")) return error;
  if (!segment.when) return std::nullopt;
  auto error = CheckCondition(*segment.when);
  return error ? error->Within("when") : error;
}

}  // namespace pennon::engine
