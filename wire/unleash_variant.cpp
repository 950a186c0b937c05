#include "wire/unleash_variant.h"

#include <algorithm>

#include "wire/json.h"
#include "wire/object_reader.h"
#include "wire/unleash_constraint.h"

namespace pennon::wire {
namespace {

using base::Error;
using model::Array;
using model::Object;
using model::Value;

std::string Text(const Value& object, std::string_view member) {
  const Value* found = object.Find(member);
  return found != nullptr && found->AsString() != nullptr ? *found->AsString() : "";
}

std::int64_t WeightOf(const Value& variant) {
  const Value* weight = variant.Find("weight");
  return weight != nullptr && weight->AsInt() != nullptr
             ? std::max<std::int64_t>(*weight->AsInt(), 0)
             : 0;
}

Value PayloadOf(const Value& variant) {
  const Value* payload = variant.Find("payload");
  return payload != nullptr && payload->AsObject() != nullptr ? *payload : Value();
}

const std::string& KeyOf(const Value& variant, const std::vector<UnleashVariant>& all) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const UnleashVariant& known) {
    return known.name == Text(variant, "name") && known.payload == PayloadOf(variant);
  });
  return found->key;  // every variant was collected
}

// The payload read as JSON, if it says that it is some.
std::optional<Value> ParsedPayload(const UnleashVariant& variant, std::string_view type) {
  if (variant.payload.IsNull() || Text(variant.payload, "type") != type) return std::nullopt;
  auto parsed = ReadJson(Text(variant.payload, "value"));
  if (!parsed) return std::nullopt;
  const bool is_number = parsed->AsInt() != nullptr || parsed->AsDouble() != nullptr;
  const bool is_object = parsed->AsObject() != nullptr || parsed->AsArray() != nullptr;
  if (type == "number" ? is_number : is_object) return std::move(*parsed);
  return std::nullopt;
}

bool AllAre(const std::vector<UnleashVariant>& all, std::string_view type) {
  return std::all_of(all.begin(), all.end(), [&](const UnleashVariant& variant) {
    return ParsedPayload(variant, type).has_value();
  });
}

// What clients of Unleash get and the typed value does not say.
Object MetadataOf(const UnleashVariant& variant, bool is_text) {
  Object metadata;
  if (variant.key != variant.name) metadata.emplace_back("unleash.variant", variant.name);
  if (variant.payload.IsNull()) return metadata;
  metadata.emplace_back("unleash.payloadType", Text(variant.payload, "type"));
  if (!is_text) metadata.emplace_back("unleash.payload", Text(variant.payload, "value"));
  return metadata;
}

}  // namespace

std::optional<Error> CollectVariants(const Array& variants, const Path& path,
                                     std::vector<UnleashVariant>& all) {
  for (const Value& variant : variants) {
    const std::string name = Text(variant, "name");
    if (name.empty()) return Error::Invalid(path.Text(), "has a variant without a name");
    const Value payload = PayloadOf(variant);
    std::size_t same_name = 0;
    bool is_known = false;
    for (const UnleashVariant& known : all) {
      same_name += known.name == name ? 1 : 0;
      is_known = is_known || (known.name == name && known.payload == payload);
    }
    if (is_known) continue;
    const std::string key = same_name == 0 ? name : name + '~' + std::to_string(same_name + 1);
    all.push_back({key, name, payload});
  }
  return std::nullopt;
}

bool HasWeight(const Array& variants) {
  return std::any_of(variants.begin(), variants.end(),
                     [](const Value& variant) { return WeightOf(variant) > 0; });
}

std::string StickinessOf(const Array& variants, const std::string& otherwise) {
  const std::string stickiness = Text(variants.front(), "stickiness");
  return stickiness.empty() ? otherwise : stickiness;
}

Value UnleashSplit(const Array& variants, const std::string& group, const std::string& stickiness,
                   const std::vector<UnleashVariant>& all) {
  Array weights;
  for (const Value& variant : variants) {
    weights.push_back(Object{{"variant", KeyOf(variant, all)}, {"weight", WeightOf(variant)}});
  }
  return Object{{"split", Object{{"algo", "unleash"},
                                 {"bucketBy", ReadStickiness(stickiness).attributes},
                                 {"salt", group},
                                 {"onMissing", "random"},
                                 {"weights", std::move(weights)}}}};
}

std::vector<UnleashOverride> OverridesOf(const Array& variants,
                                         const std::vector<UnleashVariant>& all) {
  std::vector<UnleashOverride> overrides;
  for (const Value& variant : variants) {
    const Value* list = variant.Find("overrides");
    if (list == nullptr || list->AsArray() == nullptr) continue;
    for (const Value& one : *list->AsArray()) {
      const Value* values = one.Find("values");
      if (values == nullptr || values->AsArray() == nullptr) continue;
      overrides.push_back(
          {UnleashIn(Text(one, "contextName"), *values->AsArray()), KeyOf(variant, all)});
    }
  }
  return overrides;
}

Object NativeVariants(const std::vector<UnleashVariant>& all) {
  const std::string type = AllAre(all, "number") ? "number"
                           : AllAre(all, "json") ? "object"
                                                 : "string";
  Array variants;
  for (const UnleashVariant& variant : all) {
    Object native{{"key", variant.key}};
    if (type == "string") {
      native.emplace_back("value",
                          variant.payload.IsNull() ? variant.name : Text(variant.payload, "value"));
    } else {
      native.emplace_back("value", *ParsedPayload(variant, type == "number" ? "number" : "json"));
    }
    Object metadata = MetadataOf(variant, type == "string");
    if (!metadata.empty()) native.emplace_back("metadata", std::move(metadata));
    variants.emplace_back(std::move(native));
  }
  return {{"type", type}, {"variants", std::move(variants)}};
}

}  // namespace pennon::wire
