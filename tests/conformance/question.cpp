#include "tests/conformance/question.h"

#include <array>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/timestamp.h"
#include "tests/conformance/definitions.h"

namespace pennon::conformance {
namespace {

using base::Error;
using base::Fail;
using model::Value;

constexpr std::array<std::pair<std::string_view, WantedType>, 7> kTypes{
    {{"", WantedType::kAny},
     {"any", WantedType::kAny},
     {"boolean", WantedType::kBoolean},
     {"string", WantedType::kString},
     {"integer", WantedType::kInteger},
     {"float", WantedType::kFloat},
     {"object", WantedType::kObject}}};

constexpr std::array<std::pair<std::string_view, UnleashKind>, 2> kKinds{
    {{"enabled", UnleashKind::kEnabled}, {"variant", UnleashKind::kVariant}}};

template <typename Table>
auto Lookup(const Table& table, std::string_view name)
    -> std::optional<typename Table::value_type::second_type> {
  for (const auto& [known, value] : table) {
    if (known == name) return value;
  }
  return std::nullopt;
}

base::Result<std::int64_t> NowOf(const Value& request) {
  const Value* now = request.Find("now");
  if (now == nullptr || now->IsNull()) return base::SystemClock().Wall();
  const auto micros =
      now->AsString() == nullptr ? std::nullopt : base::ParseTimestamp(*now->AsString());
  if (!micros) return Fail(Error::Invalid("now", "is not an RFC 3339 date and time"));
  return *micros / 1000;
}

}  // namespace

base::Result<Question> ReadQuestion(const Value& request, wire::DocumentFormat format) {
  Question question;
  const auto type = Lookup(kTypes, TextOf(request, "type"));
  if (!type)
    return Fail(Error::Invalid("type", "is none of boolean, string, integer, float, object, any"));
  question.type = *type;
  if (request.Find("kind") != nullptr || format == wire::DocumentFormat::kUnleash) {
    const auto kind = Lookup(kKinds, TextOf(request, "kind"));
    if (!kind) return Fail(Error::Invalid("kind", "is neither enabled nor variant"));
    question.kind = *kind;
  }
  if (const Value* fallback = request.Find("default")) question.fallback = *fallback;
  const auto now = NowOf(request);
  if (!now) return Fail(now.error());
  question.moment.now_millis = *now;
  const Value* random = request.Find("random");
  if (random != nullptr && random->AsInt() != nullptr) {
    question.moment.random = static_cast<std::uint64_t>(*random->AsInt());
  }
  return question;
}

client::Context ContextOf(const Value* context) {
  client::Context made;
  const auto* members = context == nullptr ? nullptr : context->AsObject();
  if (members == nullptr) return made;
  for (const auto& [name, value] : *members) made.SetJson(name, value);
  return made;
}

}  // namespace pennon::conformance
