#include "daemon/default_flags.h"

#include "engine/compile.h"
#include "wire/json.h"

namespace pennon::daemon {
namespace {

using model::Value;
using model::ValueType;

ValueType TypeOf(const Value& value) {
  if (value.AsBool() != nullptr) return ValueType::kBoolean;
  if (value.AsInt() != nullptr) return ValueType::kInteger;
  return value.AsDouble() != nullptr ? ValueType::kNumber : ValueType::kString;
}

}  // namespace

base::Result<std::shared_ptr<const serving::AttachedImage>> CompileDefaultFlags(
    const std::string& environment, const base::ScalarMap& defaults) {
  model::FlagSet set;
  set.environment = environment;
  for (const auto& [key, json] : defaults) {
    auto value = wire::ReadJson(json);
    if (!value) return base::Fail(value.error().Within("defaults." + key));
    model::Flag flag;
    flag.key = key;
    flag.type = TypeOf(*value);
    flag.variants.push_back({"default", std::move(*value)});
    flag.fallthrough = model::ServeVariant{"default"};
    set.flags.push_back(std::make_shared<const model::Flag>(std::move(flag)));
  }
  auto compiled = engine::Compile(set);
  if (!compiled) return base::Fail(compiled.error().Within("defaults"));
  if (compiled->HasErrors()) {
    return base::Fail(compiled->diagnostics.front().error.Within("defaults"));
  }
  return serving::AttachedImage::Make(std::move(compiled->image));
}

}  // namespace pennon::daemon
