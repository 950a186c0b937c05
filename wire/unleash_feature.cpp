#include "wire/unleash_feature.h"

#include <algorithm>

#include "wire/object_reader.h"
#include "wire/unleash_constraint.h"
#include "wire/unleash_variant.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using base::Result;
using model::Array;
using model::Object;
using model::Value;

constexpr const char* kEnabled = "enabled";
constexpr const char* kDisabled = "disabled";

std::optional<Error> ReadDependency(const Value& value, const Path& path,
                                    UnleashDependency& dependency) {
  ObjectReader reader(value, path);
  reader.RequiredString("feature", dependency.feature);
  reader.Bool("enabled", dependency.enabled);
  reader.Strings("variants", dependency.variants);
  return reader.error();
}

void ReadStrategies(ObjectReader& reader, const UnleashSegments& segments, UnleashFeature& out,
                    std::vector<model::Diagnostic>& diagnostics) {
  reader.Each("strategies", [&](const Value& element, const Path& path) -> std::optional<Error> {
    auto strategy = ReadUnleashStrategy(element, out.name, segments);
    if (strategy && strategy->is_known) {
      out.strategies.push_back(std::move(*strategy));
    } else if (!strategy) {
      diagnostics.push_back({model::Severity::kWarning, out.name,
                             strategy.error().Within("flags." + out.name + '.' + path.Text())});
    }
    return std::nullopt;
  });
  // Without any strategy a feature is on for everybody.
  const Value* given = reader.Get("strategies");
  if (given == nullptr || (given->AsArray() != nullptr && given->AsArray()->empty())) {
    out.strategies.emplace_back().group = out.name;
  }
}

Value ServeOf(const UnleashFeature& feature, const UnleashStrategy& strategy) {
  if (strategy.variants != nullptr && HasWeight(*strategy.variants)) {
    return UnleashSplit(*strategy.variants, strategy.group,
                        StickinessOf(*strategy.variants, strategy.stickiness),
                        feature.all_variants);
  }
  if (strategy.variants == nullptr && feature.variants != nullptr && HasWeight(*feature.variants)) {
    return UnleashSplit(*feature.variants, feature.name, StickinessOf(*feature.variants),
                        feature.all_variants);
  }
  if (feature.all_variants.empty()) return Object{{"variant", kEnabled}};
  return Object{{"codeDefault", true}};
}

Value Rule(const UnleashStrategy& strategy, const Value* override_when, Value serve) {
  Array when(strategy.when.begin(), strategy.when.end());
  if (override_when != nullptr) when.push_back(*override_when);
  Object rule;
  if (!when.empty()) rule.emplace_back("when", Object{{"all", std::move(when)}});
  if (strategy.gate) rule.emplace_back("gate", *strategy.gate);
  rule.emplace_back("serve", std::move(serve));
  return rule;
}

Array Rules(const UnleashFeature& feature) {
  Array rules;
  for (const UnleashStrategy& strategy : feature.strategies) {
    if (strategy.variants == nullptr && feature.variants != nullptr &&
        HasWeight(*feature.variants)) {
      for (const UnleashOverride& one : OverridesOf(*feature.variants, feature.all_variants)) {
        rules.push_back(Rule(strategy, &one.when, Object{{"variant", one.variant}}));
      }
    }
    rules.push_back(Rule(strategy, nullptr, ServeOf(feature, strategy)));
  }
  return rules;
}

// None when nothing that the other feature does fulfils it.
std::optional<Value> Prerequisite(const UnleashDependency& dependency, const UnleashFeatures& all) {
  const auto other = all.find(dependency.feature);
  // Dependencies go one level deep; this keeps them from going round in circles, too.
  if (other == all.end() || !other->second || !other->second->dependencies.empty()) {
    return std::nullopt;
  }
  Object prerequisite{{"flag", dependency.feature}, {"enabled", dependency.enabled}};
  if (!dependency.enabled || dependency.variants.empty()) return prerequisite;
  Array keys;
  const auto& variants = other->second->all_variants;
  for (const std::string& name : dependency.variants) {
    for (const UnleashVariant& variant : variants) {
      if (variant.name == name) keys.emplace_back(variant.key);
    }
    // A feature that is on and has no variant says that its variant is "disabled".
    if (name == kDisabled) keys.push_back(variants.empty() ? Value(kEnabled) : Value());
  }
  if (keys.empty()) return std::nullopt;
  prerequisite.emplace_back("variants", std::move(keys));
  return prerequisite;
}

}  // namespace

Result<UnleashFeature> ReadUnleashFeature(const std::string& name, const Value& feature,
                                          const UnleashSegments& segments,
                                          std::vector<model::Diagnostic>& diagnostics) {
  UnleashFeature out;
  out.name = name;
  ObjectReader reader(feature, "");
  reader.Bool("enabled", out.enabled);
  reader.Each("dependencies", out.dependencies, ReadDependency);
  ReadStrategies(reader, segments, out, diagnostics);
  const Value* variants = reader.Get("variants");
  if (variants != nullptr && variants->AsArray() != nullptr && !variants->AsArray()->empty()) {
    out.variants = variants->AsArray();
  }
  if (reader.failed()) return Fail(*reader.error());
  const auto collect = [&](const Array* list, const Path& path) {
    if (list != nullptr) reader.Note(CollectVariants(*list, path, out.all_variants));
  };
  collect(out.variants, "variants");
  for (const UnleashStrategy& strategy : out.strategies) {
    collect(strategy.variants, "strategies.variants");
  }
  if (reader.failed()) return Fail(*reader.error());
  return out;
}

Value NativeFlag(const UnleashFeature& feature, const UnleashFeatures& features) {
  bool enabled = feature.enabled;
  Array prerequisites;
  for (const UnleashDependency& dependency : feature.dependencies) {
    if (auto prerequisite = Prerequisite(dependency, features)) {
      prerequisites.push_back(std::move(*prerequisite));
    } else {
      enabled = false;
    }
  }
  Object flag;
  if (feature.all_variants.empty()) {
    flag = {{"type", "boolean"},
            {"variants", Array{Object{{"key", kEnabled}, {"value", true}},
                               Object{{"key", kDisabled}, {"value", false}}}},
            {"offVariant", kDisabled}};
  } else {
    flag = NativeVariants(feature.all_variants);
  }
  flag.emplace_back("enabled", enabled);
  flag.emplace_back("prerequisites", std::move(prerequisites));
  flag.emplace_back("rules", Rules(feature));
  flag.emplace_back("default", Object{{"off", true}});
  return flag;
}

}  // namespace pennon::wire
