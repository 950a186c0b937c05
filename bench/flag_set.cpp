#include "bench/flag_set.h"

#include <cassert>
#include <memory>

namespace pennon::bench {
namespace {

constexpr std::size_t kCountriesOn = 4;
constexpr std::size_t kKeyDigits = 8;

model::Flag MakeFlag(std::size_t index) {
  model::Flag flag;
  flag.key = FlagKey(index);
  flag.salt = "salt-" + flag.key;
  flag.type = model::ValueType::kBoolean;
  flag.variants = {{"on", true}, {"no", false}};
  model::LeafCondition country{.attribute = "country"};
  for (std::size_t i = 0; i < kCountriesOn; ++i) country.values.emplace_back(Country(index + i));
  model::Rule rule;
  rule.id = "countries";
  rule.when = model::Condition{std::move(country)};
  rule.serve = model::ServeVariant{"on"};
  flag.rules.push_back(std::move(rule));
  model::Split split;
  split.weights = {{"on", 25}, {"no", 75}};
  flag.fallthrough = std::move(split);
  return flag;
}

}  // namespace

std::string FlagKey(std::size_t index) {
  std::string digits = std::to_string(index);
  assert(digits.size() <= kKeyDigits);
  return "flag-" + std::string(kKeyDigits - digits.size(), '0') + digits;
}

std::string Country(std::size_t index) {
  return {'C', static_cast<char>('A' + index % kCountries)};
}

model::FlagSet MakeFlagSet(std::size_t count) {
  model::FlagSet set;
  set.environment = "bench";
  set.epoch = 1;
  set.revision = 1;
  for (std::size_t i = 0; i < count; ++i) {
    set.flags.push_back(std::make_shared<const model::Flag>(MakeFlag(i)));
  }
  return set;
}

std::string FlagSetText(std::size_t count, std::size_t patterns) {
  std::string text = R"({"environment":"bench","epoch":1,"revision":1,"flags":{)";
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) text += ',';
    const std::string key = FlagKey(i);
    text +=
        '"' + key +
        R"(":{"type":"boolean","variants":[{"key":"on","value":true},{"key":"no","value":false}],)"
        R"("rules":[{"id":"countries","when":{"attr":"country","op":)";
    const bool is_pattern = patterns != 0 && i % (count / patterns) == 0;
    text += is_pattern ? R"("regex","values":["^()" : R"("in","values":[")";
    for (std::size_t c = 0; c < kCountriesOn; ++c) {
      if (c != 0) text += is_pattern ? "|" : R"(",")";
      text += Country(i + c);
    }
    text += is_pattern ? R"()$"])" : R"("])";
    text += R"(},"serve":{"variant":"on"}}],"default":{"split":{"weights":[)"
            R"({"variant":"on","weight":25},{"variant":"no","weight":75}]}},"salt":"salt-)" +
            key + "\"}";
  }
  return text + "}}";
}

}  // namespace pennon::bench
