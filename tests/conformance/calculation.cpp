#include "tests/conformance/calculation.h"

#include "engine/hash.h"
#include "engine/logic.h"
#include "engine/semver.h"
#include "tests/conformance/definitions.h"

namespace pennon::conformance {

using base::Error;
using base::Fail;
using model::Object;
using model::Value;

base::Result<Object> JsonLogic(const Value& request) {
  const Value* rule = request.Find("rule");
  const Value* data = request.Find("data");
  if (rule == nullptr) return Fail(Error::Invalid("rule", "is missing"));
  auto result = engine::EvaluateLogic(*rule, data == nullptr ? Value() : *data);
  if (!result) return Fail(result.error());
  return Object{{"result", std::move(*result)}};
}

base::Result<Object> JsonLogics(const Value& request) {
  const Value* rule = request.Find("rule");
  const Value* data = request.Find("data");
  if (rule == nullptr || data == nullptr || data->AsArray() == nullptr) {
    return Fail(Error::Invalid("rule, data", "are to be a rule and an array"));
  }
  model::Array answers;
  for (const Value& each : *data->AsArray()) {
    auto result = engine::EvaluateLogic(*rule, each);
    answers.emplace_back(result ? Object{{"result", std::move(*result)}}
                                : Object{{"error", result.error().Message()}});
  }
  return Object{{"answers", std::move(answers)}};
}

base::Result<Object> Hash(const Value& request) {
  if (TextOf(request, "algo") != "murmur3_32") {
    return Fail(Error::Invalid("algo", "is not supported; the engine has murmur3_32"));
  }
  const Value* data = request.Find("data");
  if (data == nullptr || data->AsString() == nullptr) {
    return Fail(Error::Invalid("data", "is to be a string"));
  }
  const Value* seed = request.Find("seed");
  const auto* number = seed == nullptr ? nullptr : seed->AsInt();
  if (seed != nullptr && (number == nullptr || *number < 0 || *number > 0xffffffff)) {
    return Fail(Error::Invalid("seed", "is not a whole number from 0 to 4294967295"));
  }
  engine::Murmur3 hash(number == nullptr ? 0 : static_cast<std::uint32_t>(*number), 0, 0);
  hash.Update(*data->AsString());
  return Object{{"result", std::int64_t{hash.Finish()}}};
}

base::Result<Object> CompareVersions(const Value& request) {
  const Value* lenient = request.Find("lenient");
  const bool is_lenient = lenient != nullptr && lenient->AsBool() != nullptr && *lenient->AsBool();
  const auto a = engine::ParseSemver(TextOf(request, "a"), is_lenient);
  const auto b = engine::ParseSemver(TextOf(request, "b"), is_lenient);
  if (!a || !b) return Object{{"result", nullptr}};
  const auto order = engine::Compare(*a, *b);
  return Object{{"result", order < 0 ? -1 : (order > 0 ? 1 : 0)},
                {"caret", engine::IsCaret(*a, *b)},
                {"tilde", engine::IsTilde(*a, *b)}};
}

}  // namespace pennon::conformance
