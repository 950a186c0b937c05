#include "wire/unleash_constraint.h"

#include <array>

#include "base/timestamp.h"
#include "wire/object_reader.h"

namespace pennon::wire {
namespace {

using base::Fail;
using model::Array;
using model::Object;
using model::Value;

constexpr std::string_view kCurrentTime = "currentTime";

struct Operator {
  std::string_view unleash;
  std::string_view native;
};
// NOT_IN is IN the other way round.
constexpr std::array<Operator, 20> kOperators{{{"IN", "in"},
                                               {"NOT_IN", "in"},
                                               {"STR_STARTS_WITH", "startsWith"},
                                               {"STR_ENDS_WITH", "endsWith"},
                                               {"STR_CONTAINS", "contains"},
                                               {"NUM_EQ", "eq"},
                                               {"NUM_GT", "gt"},
                                               {"NUM_GTE", "ge"},
                                               {"NUM_LT", "lt"},
                                               {"NUM_LTE", "le"},
                                               {"DATE_AFTER", "after"},
                                               {"DATE_BEFORE", "before"},
                                               {"SEMVER_EQ", "semverEq"},
                                               {"SEMVER_GT", "semverGt"},
                                               {"SEMVER_GTE", "semverGe"},
                                               {"SEMVER_LT", "semverLt"},
                                               {"SEMVER_LTE", "semverLe"},
                                               {"REGEX", "regex"},
                                               {"IN_CIDR", "cidr"},
                                               {"", ""}}};

std::string_view NativeName(std::string_view op) {
  for (const Operator& known : kOperators) {
    if (known.unleash == op) return known.native;
  }
  return {};
}

bool TakesList(std::string_view op) {
  return op == "IN" || op == "NOT_IN" || op == "IN_CIDR" || op.starts_with("STR_");
}
bool IgnoresCase(std::string_view op) {
  return op == "REGEX" || op.starts_with("STR_");
}

std::string Escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~' || c == '/') {
      out += c == '~' ? "~0" : "~1";
    } else {
      out += c;
    }
  }
  return out;
}

Value Leaf(std::string_view name, std::string_view op, Array values, bool negate, bool on_missing) {
  Object leaf{{"attr", UnleashAttributes(name)},
              {"op", std::string(op)},
              {"values", std::move(values)},
              {"asText", true}};
  if (negate) leaf.emplace_back("negate", true);
  if (on_missing) leaf.emplace_back("onMissing", true);
  return leaf;
}

constexpr std::int64_t kLastMicros = 253'402'300'799'999'999;  // 9999-12-31T23:59:59.999999Z

// A context without an instant means the present: after `micros`, or before it.
Value OrPresent(Value given, bool after, std::int64_t micros, bool negate) {
  // An offset may lead beyond the last year that a time has.
  const std::string end = base::FormatTimestamp(std::min(after ? micros + 1 : micros, kLastMicros));
  Value window(Object{{"window", Object{{after ? "from" : "to", end}}}});
  if (negate) window = Object{{"not", window}};
  const Value exists(Object{{"attr", UnleashAttributes(kCurrentTime)}, {"op", "exists"}});
  const Value present(Object{{"all", Array{Object{{"not", exists}}, window}}});
  return Object{{"any", Array{std::move(given), present}}};
}

}  // namespace

Array UnleashAttributes(std::string_view name) {
  const std::string pointer = Escaped(name);
  Array places{name.starts_with('/') || name.empty() ? Value('/' + pointer)
                                                     : Value(std::string(name))};
  places.emplace_back("/properties/" + pointer);
  if (name == "userId") places.emplace_back("targetingKey");
  return places;
}

Value UnleashIn(std::string_view name, Array values, bool negate, bool on_missing) {
  return Leaf(name, "in", std::move(values), negate, on_missing);
}

Value UnleashNever() {
  return UnleashIn("userId", {});
}

base::Result<Value> UnleashConstraint(const Value& constraint) {
  std::string name;
  std::string op;
  std::string value;
  std::vector<std::string> values;
  bool inverted = false;
  bool ignore_case = false;
  ObjectReader reader(constraint, "");
  reader.RequiredString("contextName", name);
  reader.RequiredString("operator", op);
  reader.String("value", value);
  if (reader.Has("values")) reader.Strings("values", values);
  reader.Bool("inverted", inverted);
  reader.Bool("caseInsensitive", ignore_case);
  if (reader.failed()) return Fail(*reader.error());

  const std::string_view native = NativeName(op);
  if (native.empty()) return UnleashNever();
  Array operands;
  if (TakesList(op)) {
    for (std::string& one : values) operands.emplace_back(std::move(one));
  } else if (reader.Has("value")) {
    operands.emplace_back(value);
  }
  const bool negate = inverted != (op == "NOT_IN");
  const auto instant =
      name == kCurrentTime && op.starts_with("DATE_") ? base::ParseTimestamp(value) : std::nullopt;
  Value leaf = Leaf(name, native, std::move(operands), negate, negate && !instant);
  if (ignore_case && IgnoresCase(op)) {
    std::get<Object>(leaf.data).emplace_back("ignoreCase", true);
  }
  return instant ? OrPresent(std::move(leaf), op == "DATE_AFTER", *instant, negate) : leaf;
}

}  // namespace pennon::wire
