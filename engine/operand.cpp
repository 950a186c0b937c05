#include "engine/operand.h"

#include <array>
#include <cmath>
#include <limits>

#include "base/timestamp.h"
#include "engine/condition_compiler.h"
#include "engine/ip_range.h"
#include "engine/limits.h"
#include "engine/literal.h"
#include "engine/logic_number.h"
#include "engine/regex.h"
#include "engine/semver.h"

namespace pennon::engine {
namespace {

using base::Error;
using model::LeafCondition;
using model::Operator;
using model::Value;

// What the operators take. An operator of the model and a step of the image have the same numbers.
enum class Operand {
  kNothing,
  kScalar,
  kText,
  kNumber,
  kPattern,
  kInstant,
  kVersion,
  kRange,
  kType
};

Operand OperandOf(Operator op) {
  switch (op) {
    case Operator::kIn:
      return Operand::kScalar;
    case Operator::kStartsWith:
    case Operator::kEndsWith:
    case Operator::kContains:
      return Operand::kText;
    case Operator::kRegex:
      return Operand::kPattern;
    case Operator::kEqual:
    case Operator::kGreater:
    case Operator::kGreaterEqual:
    case Operator::kLess:
    case Operator::kLessEqual:
      return Operand::kNumber;
    case Operator::kBefore:
    case Operator::kAfter:
      return Operand::kInstant;
    case Operator::kSemverEqual:
    case Operator::kSemverGreater:
    case Operator::kSemverGreaterEqual:
    case Operator::kSemverLess:
    case Operator::kSemverLessEqual:
    case Operator::kSemverCaret:
    case Operator::kSemverTilde:
      return Operand::kVersion;
    case Operator::kCidr:
      return Operand::kRange;
    case Operator::kType:
      return Operand::kType;
    case Operator::kIsNull:
    case Operator::kExists:
      break;
  }
  return Operand::kNothing;
}

constexpr std::array<std::string_view, 5> kAttributeTypes{"boolean", "number", "string", "array",
                                                          "object"};

std::optional<AttributeType> ParseAttributeType(std::string_view text) {
  for (std::size_t i = 0; i < kAttributeTypes.size(); ++i) {
    if (kAttributeTypes[i] == text) return static_cast<AttributeType>(i);
  }
  return std::nullopt;
}

std::optional<std::int64_t> MicrosOf(const Value& value) {
  if (const std::string* text = value.AsString()) return base::ParseTimestamp(*text);
  if (const std::int64_t* millis = value.AsInt()) return base::MicrosOfMillis(*millis);
  if (const double* millis = value.AsDouble()) return base::MicrosOfMillis(*millis);
  return std::nullopt;
}

// One value; that of kScalar is checked elsewhere.
std::optional<Error> CheckValue(const LeafCondition& leaf, const Value& value,
                                const std::string& place) {
  const auto wrong_type = [&](std::string_view takes) {
    return Error::Invalid(place, "is " + std::string(model::TypeName(value)) + ", the operator \"" +
                                     std::string(Name(leaf.op)) + "\" takes " + std::string(takes));
  };
  const auto is_no = [&](std::string_view what) {
    return Error::Invalid(place, "\"" + *value.AsString() + "\" is no " + std::string(what));
  };
  const std::string* text = value.AsString();
  switch (OperandOf(leaf.op)) {
    case Operand::kNothing:
    case Operand::kScalar:
      break;
    case Operand::kNumber:
      if (value.AsInt() == nullptr && value.AsDouble() == nullptr) return wrong_type("numbers");
      break;
    case Operand::kText:
      if (text == nullptr) return wrong_type("strings");
      break;
    case Operand::kPattern:
      if (text == nullptr) return wrong_type("strings");
      return CheckPatternAt(*text, place, leaf.ignore_case);
    case Operand::kInstant:
      if (MicrosOf(value)) break;
      return wrong_type("instants such as \"2027-01-31T12:00:00Z\", or milliseconds since 1970");
    case Operand::kVersion:
      if (text == nullptr) return wrong_type("versions as strings");
      if (!ParseSemver(*text, leaf.lenient)) return is_no("semantic version such as 1.2.3");
      break;
    case Operand::kRange:
      if (text == nullptr) return wrong_type("addresses as strings");
      if (!ParseIpRange(*text)) return is_no("IP address or range such as 10.0.0.0/8");
      break;
    case Operand::kType:
      if (text == nullptr) return wrong_type("names of types");
      if (!ParseAttributeType(*text)) return is_no("boolean, number, string, array or object");
      break;
  }
  return std::nullopt;
}

// What cannot be read matches nothing and is no error, but it has to be text.
std::optional<Error> CheckTexts(const LeafCondition& leaf) {
  for (std::size_t i = 0; i < leaf.values.size(); ++i) {
    if (leaf.values[i].AsString() != nullptr) continue;
    return Error::Invalid(
        "values[" + std::to_string(i) + ']',
        "is " + std::string(model::TypeName(leaf.values[i])) + ", with asText expected a string");
  }
  return std::nullopt;
}

// The values that can be read, numbers as such.
std::vector<Value> ReadableTexts(const LeafCondition& leaf) {
  std::vector<Value> readable;
  for (const Value& value : leaf.values) {
    const double number = OperandOf(leaf.op) == Operand::kNumber
                              ? NumberFromText(*value.AsString())
                              : std::numeric_limits<double>::quiet_NaN();
    if (!std::isnan(number)) {
      readable.emplace_back(number);
    } else if (!CheckValue(leaf, value, "")) {
      readable.push_back(value);
    }
  }
  return readable;
}

Value PackedRange(const IpRange& range) {
  std::string packed(range.address.begin(), range.address.end());
  packed += static_cast<char>(range.bits);
  return packed;
}

}  // namespace

std::optional<Error> CheckOperands(const LeafCondition& leaf) {
  constexpr std::string_view kValues = "values";
  const Operand operand = OperandOf(leaf.op);
  const auto with_name = [&](std::string_view what) {
    return "the operator \"" + std::string(Name(leaf.op)) + "\" " + std::string(what);
  };
  const bool has_text =
      operand == Operand::kScalar || operand == Operand::kText || operand == Operand::kPattern;
  if (leaf.ignore_case && !has_text) {
    return Error::Invalid("ignoreCase", with_name("does not compare text"));
  }
  if (leaf.lenient && operand != Operand::kVersion) {
    return Error::Invalid("lenient", with_name("does not compare versions"));
  }
  if (leaf.as_text) return CheckTexts(leaf);
  if (operand == Operand::kScalar) return CheckScalars(leaf.values, kValues);
  if (operand == Operand::kNothing) {
    if (leaf.values.empty()) return std::nullopt;
    return Error::Invalid(kValues, with_name("takes no values"));
  }
  if (leaf.values.empty()) return Error::Invalid(kValues, "is empty, expected at least one value");
  for (std::size_t i = 0; i < leaf.values.size(); ++i) {
    const auto error = CheckValue(leaf, leaf.values[i], "");
    if (error) return error->Within("values[" + std::to_string(i) + ']');
  }
  return std::nullopt;
}

std::uint32_t AddOperands(const LeafCondition& leaf, ImageBuilder& builder) {
  const Operand operand = OperandOf(leaf.op);
  const std::vector<Value> readable = leaf.as_text ? ReadableTexts(leaf) : std::vector<Value>();
  const std::vector<Value>& values = leaf.as_text ? readable : leaf.values;
  if (operand <= Operand::kNumber || operand == Operand::kVersion) {
    return builder.AddSet(values, leaf.ignore_case);
  }
  std::vector<Value> members;
  for (const Value& value : values) {
    if (operand == Operand::kInstant) {
      members.emplace_back(*MicrosOf(value));
    } else if (operand == Operand::kRange) {
      members.push_back(PackedRange(*ParseIpRange(*value.AsString())));
    } else if (operand == Operand::kType) {
      members.emplace_back(static_cast<std::int64_t>(*ParseAttributeType(*value.AsString())));
    } else {
      const std::string_view prefix = leaf.ignore_case ? kIgnoreCasePrefix : "";
      members.emplace_back(
          std::int64_t{builder.AddPattern(std::string(prefix) + *value.AsString())});
    }
  }
  return builder.AddSet(members, false);
}

std::string_view Name(AttributeType type) {
  const auto index = static_cast<std::size_t>(type);
  return index < kAttributeTypes.size() ? kAttributeTypes[index] : "unknown";
}

}  // namespace pennon::engine
