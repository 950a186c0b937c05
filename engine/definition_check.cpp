#include "engine/definition_check.h"

#include <algorithm>
#include <set>
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

Found CheckVariants(const Flag& flag) {
  if (flag.variants.empty()) return Error::Invalid("variants", "is empty, expected at least one");
  if (flag.variants.size() > kMaxVariants) {
    return Error::Limit("variants", "are more than " + std::to_string(kMaxVariants));
  }
  std::set<std::string_view> keys;
  for (std::size_t i = 0; i < flag.variants.size(); ++i) {
    const model::Variant& variant = flag.variants[i];
    const std::string place = At("variants", i);
    if (auto error = CheckKey(variant.key, place + ".key")) return error;
    if (!keys.insert(variant.key).second) {
      return Error::Invalid(place + ".key", "\"" + variant.key + "\" is given twice");
    }
    if (!HasType(variant.value, flag.type)) {
      return Error::Invalid(place + ".value", "is " + std::string(TypeName(variant.value)) +
                                                  ", the flag's type is " +
                                                  std::string(Name(flag.type)));
    }
    if (auto error = CheckMetadata(variant.metadata, place + '.')) return error;
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

Found CheckVariantKey(const Flag& flag, std::string_view key, const std::string& place) {
  if (VariantIndex(flag, key) >= 0) return std::nullopt;
  return Error::Invalid(place, "there is no variant \"" + std::string(key) + '"');
}

Found CheckBucketing(const model::Bucketing& bucketing, model::OnMissing on_missing,
                     const std::string& place) {
  const std::string list = place + ".bucketBy";
  if (bucketing.attributes.empty() && on_missing != model::OnMissing::kRandom) {
    return Error::Invalid(list, "is empty; only onMissing \"random\" needs no attribute");
  }
  if (bucketing.attributes.size() > kMaxBucketAttributes) {
    return Error::Limit(list, "has more than " + std::to_string(kMaxBucketAttributes) + " entries");
  }
  for (std::size_t i = 0; i < bucketing.attributes.size(); ++i) {
    if (auto error = CheckAttribute(bucketing.attributes[i], At(list, i))) return error;
  }
  return std::nullopt;
}

Found CheckRamp(const Flag& flag, const model::Ramp& ramp, std::uint64_t sum,
                const std::string& place) {
  if (auto error = CheckVariantKey(flag, ramp.variant, place + ".variant")) return error;
  if (ramp.from >= ramp.to) return Error::Invalid(place + ".to", "is not after from");
  const bool start_is_more = ramp.start_weight > sum;
  if (!start_is_more && ramp.end_weight <= sum) return std::nullopt;
  return Error::Invalid(place + (start_is_more ? ".startWeight" : ".endWeight"),
                        "is more than the sum of the weights, " + std::to_string(sum));
}

Found CheckSplit(const Flag& flag, const model::Split& split, const std::string& place) {
  if (auto error = CheckBucketing(split.bucketing, split.on_missing, place)) return error;
  const std::string list = place + ".weights";
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < split.weights.size(); ++i) {
    const model::Weight& weight = split.weights[i];
    if (auto error = CheckVariantKey(flag, weight.variant, At(list, i) + ".variant")) return error;
    sum += weight.weight;
  }
  if (sum < 1 || sum > kMaxWeightSum) {
    return Error::Invalid(
        list, "sum is " + std::to_string(sum) + ", expected 1 to " + std::to_string(kMaxWeightSum));
  }
  if (split.on_missing == model::OnMissing::kVariant) {
    const std::string missing = place + ".onMissing.variant";
    if (auto error = CheckVariantKey(flag, split.missing_variant, missing)) return error;
  }
  return split.ramp ? CheckRamp(flag, *split.ramp, sum, place + ".ramp") : std::nullopt;
}

Found CheckServe(const Flag& flag, const model::Serve& serve, const std::string& place) {
  if (const auto* fixed = std::get_if<model::ServeVariant>(&serve)) {
    return CheckVariantKey(flag, fixed->variant, place + ".variant");
  }
  if (const auto* split = std::get_if<model::Split>(&serve)) {
    return CheckSplit(flag, *split, place + ".split");
  }
  if (const auto* logic = std::get_if<model::ServeLogic>(&serve)) {
    return CheckLogic(logic->rule, place + ".jsonlogic");
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

Found CheckRule(const Flag& flag, const model::Rule& rule, const std::string& place) {
  if (rule.id.size() > kMaxKeyBytes) {
    return Error::Limit(place + ".id", "is longer than " + std::to_string(kMaxKeyBytes) + " bytes");
  }
  if (rule.when) {
    if (auto error = CheckCondition(*rule.when, place + ".when")) return error;
  }
  if (rule.gate) {
    const std::string gate = place + ".gate";
    if (auto error = CheckBucketing(rule.gate->bucketing, rule.gate->on_missing, gate))
      return error;
    if (rule.gate->to > kGateTotal || rule.gate->from > rule.gate->to) {
      return Error::Invalid(gate, "expected 0 <= from <= to <= 100 percent");
    }
    if (rule.gate->bucketing.algorithm == model::Algorithm::kUnleash &&
        rule.gate->to % (kGateTotal / kUnleashTotal) != 0) {
      return Error::Invalid(gate + ".percent", "the algorithm \"unleash\" takes whole percents");
    }
    if (rule.gate->layer.size() > kMaxKeyBytes) {
      return Error::Limit(gate + ".layer",
                          "is longer than " + std::to_string(kMaxKeyBytes) + " bytes");
    }
  }
  return CheckServe(flag, rule.serve, place + ".serve");
}

Found CheckRules(const Flag& flag) {
  if (flag.rules.size() > kMaxRules) {
    return Error::Limit("rules", "are more than " + std::to_string(kMaxRules));
  }
  for (std::size_t i = 0; i < flag.rules.size(); ++i) {
    if (auto error = CheckRule(flag, flag.rules[i], At("rules", i))) return error;
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
  return flag.fallthrough ? CheckServe(flag, *flag.fallthrough, "default") : std::nullopt;
}

std::optional<Error> CheckSegment(const model::Segment& segment) {
  if (auto error = CheckKey(segment.key, "key")) return error;
  if (auto error = CheckAttribute(segment.attribute, "attribute")) return error;
  if (auto error = CheckScalars(segment.included, "included")) return error;
  if (auto error = CheckScalars(segment.excluded, "excluded")) return error;
  return segment.when ? CheckCondition(*segment.when, "when") : std::nullopt;
}

}  // namespace pennon::engine
