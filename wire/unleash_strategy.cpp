#include "wire/unleash_strategy.h"

#include <charconv>
#include <cmath>
#include <functional>

#include "wire/object_reader.h"
#include "wire/unleash_constraint.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using model::Array;
using model::Object;
using model::Value;

constexpr std::string_view kSpace = " \t\r\n";

// The strategy's parameters: texts, as Unleash's own clients send them.
class Parameters {
 public:
  explicit Parameters(const Value* object) : object_(object) {}

  [[nodiscard]] std::string Text(std::string_view name) const {
    const Value* found = object_ == nullptr ? nullptr : object_->Find(name);
    if (found == nullptr) return {};
    if (const std::string* text = found->AsString()) return *text;
    std::string json;
    if (!found->IsNull()) AppendJson(json, *found);
    return json;
  }
  // Whole percents; what is none counts as 0.
  [[nodiscard]] std::int64_t Percent(std::string_view name) const {
    const std::string given = Text(name);
    std::string_view text = given;
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    text = text.substr(0, text.find_last_not_of(kSpace) + 1);
    if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
    double percent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
    if (error != std::errc() || end != text.data() + text.size() || !(percent > 0)) return 0;
    return static_cast<std::int64_t>(std::floor(std::min(percent, 100.0)));
  }
  // The parts between commas, without the spaces around them and without empty ones.
  [[nodiscard]] Array List(std::string_view name) const {
    Array parts;
    const std::string text = Text(name);
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t comma = std::min(text.find(',', begin), text.size());
      const std::string_view part = std::string_view(text).substr(begin, comma - begin);
      const std::size_t first = part.find_first_not_of(kSpace);
      if (first != std::string_view::npos) {
        parts.emplace_back(
            std::string(part.substr(first, part.find_last_not_of(kSpace) - first + 1)));
      }
      begin = comma + 1;
    }
    return parts;
  }

 private:
  const Value* object_;
};

Value Gate(const UnleashStickiness& stickiness, std::int64_t percent, const std::string& group) {
  Object gate{{"percent", percent},
              {"algo", "unleash"},
              {"bucketBy", stickiness.attributes},
              {"salt", group}};
  if (stickiness.or_random) gate.emplace_back("onMissing", "random");
  return gate;
}

// What each strategy of Unleash adds to its constraints.
bool ReadKind(const std::string& name, const Parameters& parameters, const std::string& feature,
              UnleashStrategy& out) {
  out.group = parameters.Text("groupId");
  if (out.group.empty()) out.group = feature;
  if (name == "default") return true;
  if (name == "userWithId") {
    out.when.push_back(UnleashIn("userId", parameters.List("userIds")));
  } else if (name == "applicationHostname") {
    Value hosts = UnleashIn("hostname", parameters.List("hostNames"));
    std::get<Object>(hosts.data).emplace_back("ignoreCase", true);
    out.when.push_back(std::move(hosts));
  } else if (name == "remoteAddress") {
    out.when.push_back(Object{{"attr", UnleashAttributes("remoteAddress")},
                              {"op", "cidr"},
                              {"values", parameters.List("IPs")},
                              {"asText", true}});
  } else if (name == "gradualRolloutUserId" || name == "gradualRolloutSessionId") {
    const std::string by = name == "gradualRolloutUserId" ? "userId" : "sessionId";
    const std::string group = parameters.Text("groupId");
    out.gate = Gate({UnleashAttributes(by), false}, parameters.Percent("percentage"), group);
  } else if (name == "gradualRolloutRandom") {
    out.gate = Gate({{}, true}, parameters.Percent("percentage"), feature);
  } else if (name == "flexibleRollout") {
    out.stickiness = parameters.Text("stickiness");
    if (out.stickiness.empty()) out.stickiness = "default";
    out.gate = Gate(ReadStickiness(out.stickiness), parameters.Percent("rollout"), out.group);
  } else {
    return false;
  }
  return true;
}

}  // namespace

UnleashStickiness ReadStickiness(const std::string& stickiness) {
  if (stickiness == "random") return {{}, true};
  if (stickiness != "default") return {UnleashAttributes(stickiness), false};
  UnleashStickiness usual{UnleashAttributes("userId"), true};
  for (const Value& place : UnleashAttributes("sessionId")) usual.attributes.push_back(place);
  return usual;
}

base::Result<UnleashStrategy> ReadUnleashStrategy(const Value& strategy, const std::string& feature,
                                                  const UnleashSegments& segments) {
  UnleashStrategy out;
  std::string name;
  ObjectReader reader(strategy, "");
  reader.RequiredString("name", name);
  reader.Each("constraints", [&](const Value& element, const Path& path) -> std::optional<Error> {
    auto condition = UnleashConstraint(element);
    if (!condition) return condition.error().Within(path.Text());
    out.when.push_back(std::move(*condition));
    return std::nullopt;
  });
  reader.Each("segments", [&](const Value& element, const Path& path) -> std::optional<Error> {
    if (element.AsInt() == nullptr)
      return Error::Invalid(path.Text(), "expected a segment's number");
    const auto segment = segments.find(*element.AsInt());
    if (segment == segments.end() || !segment->second) {
      out.is_known = false;
    } else if (!segment->second->empty()) {
      out.when.push_back(Object{{"segment", "unleash-" + std::to_string(*element.AsInt())}});
    }
    return std::nullopt;
  });
  const Value* parameters = reader.Get("parameters");
  const Value* variants = reader.Get("variants");
  if (variants != nullptr && variants->AsArray() == nullptr) {
    reader.Invalid("variants", "is " + std::string(TypeName(*variants)) + ", expected an array");
  }
  if (reader.failed()) return Fail(*reader.error());
  if (!ReadKind(name, Parameters(parameters), feature, out)) out.is_known = false;
  if (variants != nullptr && !variants->AsArray()->empty()) out.variants = variants->AsArray();
  return out;
}

}  // namespace pennon::wire
