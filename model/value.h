// A JSON value as it stands in a flag definition: owned, ordered, integers kept exact.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pennon::model {

struct Value;
using Array = std::vector<Value>;
/// Members in the order of the document; keys are unique (the reader refuses duplicates).
using Object = std::vector<std::pair<std::string, Value>>;

/// Whole numbers are int64 and never pass through a double. Immutable values may be shared.
struct Value {
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> data =
      nullptr;

  Value() = default;
  // By assignment: when a copy runs out of memory, libstdc++ 12 destroys what it has not made yet
  // of a variant of just these alternatives.
  Value(const Value& other) { data = other.data; }
  Value(Value&&) noexcept = default;
  Value& operator=(const Value&) = default;
  Value& operator=(Value&&) noexcept = default;
  ~Value() = default;
  Value(std::nullptr_t) {}
  Value(bool value) : data(value) {}
  Value(std::int64_t value) : data(value) {}
  Value(int value) : data(static_cast<std::int64_t>(value)) {}
  Value(double value) : data(value) {}
  Value(std::string value) : data(std::move(value)) {}
  Value(const char* value) : data(std::string(value)) {}
  Value(Array value) : data(std::move(value)) {}
  Value(Object value) : data(std::move(value)) {}

  [[nodiscard]] bool IsNull() const { return std::holds_alternative<std::nullptr_t>(data); }
  [[nodiscard]] const bool* AsBool() const { return std::get_if<bool>(&data); }
  [[nodiscard]] const std::int64_t* AsInt() const { return std::get_if<std::int64_t>(&data); }
  [[nodiscard]] const double* AsDouble() const { return std::get_if<double>(&data); }
  [[nodiscard]] const std::string* AsString() const { return std::get_if<std::string>(&data); }
  [[nodiscard]] const Array* AsArray() const { return std::get_if<Array>(&data); }
  [[nodiscard]] const Object* AsObject() const { return std::get_if<Object>(&data); }
  /// The member called `key`, or null when this is no object or has none.
  [[nodiscard]] const Value* Find(std::string_view key) const;

  bool operator==(const Value&) const = default;
};

/// "null", "a boolean", "a whole number" …: for error messages.
std::string_view TypeName(const Value& value);

/// Appends `value` as JSON text without white space.
void AppendJson(std::string& out, const Value& value);

}  // namespace pennon::model
