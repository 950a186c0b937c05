#include "engine/value_schema.h"

#include <algorithm>
#include <array>
#include <functional>

#include "engine/limits.h"
#include "engine/literal.h"

namespace pennon::engine {
namespace {

using base::Error;
using model::Value;
using Found = std::optional<Error>;

enum class Takes : std::uint8_t {
  kAnything,
  kTypes,
  kValues,
  kNumber,
  kCount,
  kPattern,
  kSchemas,
  kSchema,
  kNames,
};
struct Keyword {
  std::string_view name;
  Takes takes;
};
constexpr std::array kKeywords{
    Keyword{"type", Takes::kTypes},
    Keyword{"enum", Takes::kValues},
    Keyword{"const", Takes::kAnything},
    Keyword{"minimum", Takes::kNumber},
    Keyword{"maximum", Takes::kNumber},
    Keyword{"exclusiveMinimum", Takes::kNumber},
    Keyword{"exclusiveMaximum", Takes::kNumber},
    Keyword{"minLength", Takes::kCount},
    Keyword{"maxLength", Takes::kCount},
    Keyword{"pattern", Takes::kPattern},
    Keyword{"items", Takes::kSchema},
    Keyword{"minItems", Takes::kCount},
    Keyword{"maxItems", Takes::kCount},
    Keyword{"properties", Takes::kSchemas},
    Keyword{"required", Takes::kNames},
    Keyword{"additionalProperties", Takes::kSchema},
    Keyword{"minProperties", Takes::kCount},
    Keyword{"maxProperties", Takes::kCount},
    // For people and editors.
    Keyword{"$schema", Takes::kAnything},
    Keyword{"$comment", Takes::kAnything},
    Keyword{"title", Takes::kAnything},
    Keyword{"description", Takes::kAnything},
    Keyword{"default", Takes::kAnything},
    Keyword{"examples", Takes::kAnything},
};
constexpr std::array<std::string_view, 7> kTypeNames{"null",   "boolean", "integer", "number",
                                                     "string", "array",   "object"};

bool IsNumber(const Value& value) {
  return value.AsInt() != nullptr || value.AsDouble() != nullptr;
}

// A long double holds every int64 and every double exactly.
long double NumberOf(const Value& value) {
  return value.AsInt() != nullptr ? static_cast<long double>(*value.AsInt())
                                  : static_cast<long double>(*value.AsDouble());
}

bool IsOfType(const Value& value, std::string_view type) {
  if (type == "null") return value.IsNull();
  if (type == "boolean") return value.AsBool() != nullptr;
  if (type == "number") return IsNumber(value);
  if (type == "string") return value.AsString() != nullptr;
  if (type == "array") return value.AsArray() != nullptr;
  if (type == "object") return value.AsObject() != nullptr;
  return value.AsInt() != nullptr ||
         (value.AsDouble() != nullptr && WholeNumber(*value.AsDouble()).has_value());
}

bool IsTypeName(const Value& value) {
  return value.AsString() != nullptr &&
         std::find(kTypeNames.begin(), kTypeNames.end(), *value.AsString()) != kTypeNames.end();
}

std::size_t CodePoints(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

std::string At(const std::string& place, std::size_t index) {
  return place + '[' + std::to_string(index) + ']';
}

std::string Json(const Value& value) {
  constexpr std::size_t kShown = 200;
  std::string text;
  AppendJson(text, value);
  return text.size() <= kShown ? text : std::string(TypeName(value));
}

Found Disallowed(const std::string& place, const std::string& what) {
  return Error::Invalid(place, what + " by the flag's schema");
}

// Two of a keyword's kind: a lower and an upper bound of how many there are.
Found CheckCount(const Value& schema, std::size_t count, std::string_view least,
                 std::string_view most, std::string_view noun, const std::string& place) {
  const auto size = static_cast<std::int64_t>(count);
  const std::string has = "has " + std::to_string(count) + ' ' + std::string(noun);
  if (const Value* bound = schema.Find(least); bound != nullptr && size < *bound->AsInt()) {
    return Disallowed(place, has + ", at least " + Json(*bound) + " are asked for");
  }
  if (const Value* bound = schema.Find(most); bound != nullptr && size > *bound->AsInt()) {
    return Disallowed(place, has + ", at most " + Json(*bound) + " are allowed");
  }
  return std::nullopt;
}

Found CheckRange(const Value& schema, const Value& value, const std::string& place) {
  const long double number = NumberOf(value);
  const auto refuse = [&](std::string_view keyword, auto is_fine, std::string_view words) -> Found {
    const Value* bound = schema.Find(keyword);
    if (bound == nullptr || is_fine(number, NumberOf(*bound))) return std::nullopt;
    return Disallowed(
        place, "is " + Json(value) + ", " + std::string(words) + Json(*bound) + " is asked for");
  };
  if (auto error = refuse("minimum", std::greater_equal<>(), "at least ")) return error;
  if (auto error = refuse("maximum", std::less_equal<>(), "at most ")) return error;
  if (auto error = refuse("exclusiveMinimum", std::greater<>(), "more than ")) return error;
  return refuse("exclusiveMaximum", std::less<>(), "less than ");
}

Found CheckType(const Value& schema, const Value& value, const std::string& place) {
  const Value* type = schema.Find("type");
  if (type == nullptr) return std::nullopt;
  const auto is_of = [&](const Value& name) { return IsOfType(value, *name.AsString()); };
  const bool fits = type->AsArray() == nullptr
                        ? is_of(*type)
                        : std::any_of(type->AsArray()->begin(), type->AsArray()->end(), is_of);
  if (fits) return std::nullopt;
  return Disallowed(place,
                    "is " + std::string(TypeName(value)) + ", " + Json(*type) + " is asked for");
}

// Keywords whose values are plain; "" when `value` is right.
std::string_view Expected(Takes takes, const Value& value) {
  const model::Array* array = value.AsArray();
  const auto all = [&](const auto& is_right) {
    return array != nullptr && std::all_of(array->begin(), array->end(), is_right);
  };
  switch (takes) {
    case Takes::kTypes:
      if (IsTypeName(value) || (all(IsTypeName) && !array->empty())) return "";
      return "expected null, boolean, integer, number, string, array, object, or an array of them";
    case Takes::kValues:
      return array != nullptr && !array->empty() ? "" : "expected an array with values";
    case Takes::kNumber:
      return IsNumber(value) ? "" : "expected a number";
    case Takes::kCount:
      return value.AsInt() != nullptr && *value.AsInt() >= 0 ? ""
                                                             : "expected a whole number from 0";
    case Takes::kNames:
      return all([](const Value& name) { return name.AsString() != nullptr; })
                 ? ""
                 : "expected an array of strings";
    case Takes::kSchemas:
      return value.AsObject() != nullptr ? "" : "expected an object with a schema for each key";
    case Takes::kPattern:
      return value.AsString() != nullptr ? "" : "expected a regular expression";
    case Takes::kAnything:
    case Takes::kSchema:
      break;
  }
  return "";
}

}  // namespace

Found ValueSchema::Check(const std::string& place) {
  if (auto error = CheckNode(schema_, place)) return error;
  regexes_.emplace(patterns_);
  return std::nullopt;
}

Found ValueSchema::CheckNode(const Value& schema, const std::string& place) {
  if (schema.AsBool() != nullptr) return std::nullopt;
  const model::Object* object = schema.AsObject();
  if (object == nullptr) {
    return Error::Invalid(place, "is " + std::string(TypeName(schema)) +
                                     ", expected a schema: an object, true or false");
  }
  for (const auto& [name, value] : *object) {
    if (auto error = CheckKeyword(name, value, place + '.' + name)) return error;
  }
  return std::nullopt;
}

Found ValueSchema::CheckKeyword(std::string_view name, const Value& value,
                                const std::string& place) {
  const auto* keyword = std::find_if(kKeywords.begin(), kKeywords.end(),
                                     [&](const Keyword& known) { return known.name == name; });
  if (keyword == kKeywords.end()) {
    return Error::Invalid(place, "is not a keyword of schemas that is known here");
  }
  if (const auto expected = Expected(keyword->takes, value); !expected.empty()) {
    return Error::Invalid(place, expected);
  }
  if (keyword->takes == Takes::kSchema) return CheckNode(value, place);
  if (keyword->takes == Takes::kPattern) return CheckPattern(value, place);
  if (keyword->takes != Takes::kSchemas) return std::nullopt;
  for (const auto& [key, inner] : *value.AsObject()) {
    if (auto error = CheckNode(inner, place + '.' + key)) return error;
  }
  return std::nullopt;
}

Found ValueSchema::CheckPattern(const Value& value, const std::string& place) {
  const std::string& pattern = *value.AsString();
  if (patterns_.size() == kMaxSchemaPatterns) {
    return Error::Limit(place, "is one pattern more than " + std::to_string(kMaxSchemaPatterns));
  }
  if (auto error = CheckPatternAt(pattern, place)) return error;
  pattern_numbers_.emplace(&value, static_cast<std::uint32_t>(patterns_.size()));
  patterns_.push_back(pattern);
  return std::nullopt;
}

Found ValueSchema::Validate(const Value& value, const std::string& place) {
  auto error = ValidateNode(schema_, value, place);
  if (!IsOverBudget()) return error;
  return Error::Limit("schema", "takes more than " + std::to_string(kMaxSteps) + " steps to check");
}

Found ValueSchema::ValidateNode(const Value& schema, const Value& value, const std::string& place) {
  ++steps_;
  if (IsOverBudget()) return std::nullopt;
  if (const bool* anything = schema.AsBool()) {
    return *anything ? std::nullopt : Disallowed(place, "is not allowed");
  }
  if (auto error = CheckType(schema, value, place)) return error;
  if (const Value* only = schema.Find("const"); only != nullptr && !IsSame(value, *only)) {
    return Disallowed(place, "is " + Json(value) + ", only " + Json(*only) + " is allowed");
  }
  if (const Value* some = schema.Find("enum")) {
    const model::Array& values = *some->AsArray();
    if (std::none_of(values.begin(), values.end(),
                     [&](const Value& one) { return IsSame(value, one); })) {
      return Disallowed(place, "is " + Json(value) + ", one of " + Json(*some) + " is asked for");
    }
  }
  if (IsNumber(value)) return CheckRange(schema, value, place);
  if (const std::string* text = value.AsString()) return ValidateText(schema, *text, place);
  if (const model::Array* array = value.AsArray()) return ValidateArray(schema, *array, place);
  if (value.AsObject() != nullptr) return ValidateObject(schema, value, place);
  return std::nullopt;
}

Found ValueSchema::ValidateText(const Value& schema, const std::string& text,
                                const std::string& place) {
  steps_ += text.size();
  if (auto error =
          CheckCount(schema, CodePoints(text), "minLength", "maxLength", "characters", place)) {
    return error;
  }
  const Value* pattern = schema.Find("pattern");
  if (pattern == nullptr || regexes_->Finds(pattern_numbers_.at(pattern), text).value_or(false)) {
    return std::nullopt;
  }
  return Disallowed(place, "is not found by " + Json(*pattern) + ", as is asked for");
}

Found ValueSchema::ValidateArray(const Value& schema, const model::Array& array,
                                 const std::string& place) {
  if (auto error = CheckCount(schema, array.size(), "minItems", "maxItems", "elements", place)) {
    return error;
  }
  const Value* items = schema.Find("items");
  if (items == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (auto error = ValidateNode(*items, array[i], At(place, i))) return error;
  }
  return std::nullopt;
}

Found ValueSchema::ValidateObject(const Value& schema, const Value& value,
                                  const std::string& place) {
  const model::Object& object = *value.AsObject();
  if (auto error =
          CheckCount(schema, object.size(), "minProperties", "maxProperties", "members", place)) {
    return error;
  }
  if (const Value* required = schema.Find("required")) {
    for (const Value& name : *required->AsArray()) {
      if (Lookup(value, *name.AsString()) != nullptr) continue;
      return Disallowed(place + '.' + *name.AsString(), "is missing, and asked for");
    }
  }
  const Value* properties = schema.Find("properties");
  const Value* additional = schema.Find("additionalProperties");
  for (const auto& [key, member] : object) {
    const Value* own = properties == nullptr ? nullptr : Lookup(*properties, key);
    const Value* inner = own != nullptr ? own : additional;
    if (inner == nullptr) continue;
    if (auto error = ValidateNode(*inner, member, place + '.' + key)) return error;
  }
  return std::nullopt;
}

const Value* ValueSchema::Lookup(const Value& object, std::string_view key) {
  steps_ += object.AsObject()->size();
  return IsOverBudget() ? nullptr : object.Find(key);
}

bool ValueSchema::IsSame(const Value& left, const Value& right) {
  ++steps_;
  if (IsNumber(left) && IsNumber(right)) return NumberOf(left) == NumberOf(right);
  const model::Array* array = left.AsArray();
  if (array != nullptr && right.AsArray() != nullptr) {
    return std::equal(array->begin(), array->end(), right.AsArray()->begin(),
                      right.AsArray()->end(),
                      [&](const Value& a, const Value& b) { return IsSame(a, b); });
  }
  const model::Object* object = left.AsObject();
  if (object == nullptr || right.AsObject() == nullptr) return left == right;
  return object->size() == right.AsObject()->size() &&
         std::all_of(object->begin(), object->end(), [&](const auto& member) {
           const Value* other = Lookup(right, member.first);
           return other != nullptr && IsSame(member.second, *other);
         });
}

}  // namespace pennon::engine
