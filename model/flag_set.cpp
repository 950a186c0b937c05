// The names of the enumerations in documents.
#include "model/flag_set.h"

#include <algorithm>
#include <array>

namespace pennon::model {
namespace {

// In the order of the enumerations.
constexpr std::array<std::string_view, 5> kTypes{"boolean", "string", "integer", "number",
                                                 "object"};
constexpr std::array<std::string_view, 23> kOperators{
    "in",          "startsWith", "endsWith", "contains", "regex",    "eq",
    "gt",          "ge",         "lt",       "le",       "before",   "after",
    "semverEq",    "semverGt",   "semverGe", "semverLt", "semverLe", "semverCaret",
    "semverTilde", "cidr",       "type",     "isNull",   "exists"};

template <typename E, std::size_t N>
std::optional<E> Parse(const std::array<std::string_view, N>& names, std::string_view text) {
  const auto* found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return static_cast<E>(found - names.begin());
}

}  // namespace

std::string_view Name(ValueType type) {
  return kTypes[static_cast<std::size_t>(type)];
}
std::string_view Name(Operator op) {
  return kOperators[static_cast<std::size_t>(op)];
}
std::optional<ValueType> ParseValueType(std::string_view text) {
  return Parse<ValueType>(kTypes, text);
}
std::optional<Operator> ParseOperator(std::string_view text) {
  return Parse<Operator>(kOperators, text);
}

}  // namespace pennon::model
