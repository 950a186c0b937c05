// A value while JSONLogic is evaluated, and JavaScript's conversions and comparisons of it.
#pragma once

#include <bit>
#include <cmath>
#include <compare>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/logic_memory.h"
#include "model/context.h"
#include "model/value.h"

namespace pennon::engine {

enum class LogicKind : std::uint8_t {
  kUndefined,  // an argument that is not given, an attribute that is missing
  kNull,
  kBool,
  kInt,
  kDouble,
  kString,
  kList,        // of values
  kPairs,       // an object: name, value, name, value …
  kNodeList,    // an array of the context
  kNodeObject,  // an object of the context
  kContext,     // the whole context
};

/// Two words, copied freely. Borrows text, elements and attributes.
class LogicValue {
 public:
  LogicValue() = default;
  static LogicValue Null() { return LogicValue(LogicKind::kNull); }
  static LogicValue Bool(bool value) {
    LogicValue made(LogicKind::kBool);
    made.payload_.integer = value ? 1 : 0;
    return made;
  }
  static LogicValue Int(std::int64_t value) {
    LogicValue made(LogicKind::kInt);
    made.payload_.integer = value;
    return made;
  }
  static LogicValue Double(double value) {
    LogicValue made(LogicKind::kDouble);
    made.payload_.number = value;
    return made;
  }
  static LogicValue Text(std::string_view value) {
    LogicValue made(LogicKind::kString);
    made.payload_.text = value.data();
    made.set_size(value.size());
    return made;
  }
  static LogicValue List(std::span<const LogicValue> values) {
    return Of(LogicKind::kList, values);
  }
  /// `values` are name, value, name, value …
  static LogicValue Pairs(std::span<const LogicValue> values) {
    return Of(LogicKind::kPairs, values);
  }
  static LogicValue Whole(const model::Context& context) {
    LogicValue made(LogicKind::kContext);
    made.payload_.context = &context;
    return made;
  }
  static LogicValue Of(const model::Attribute& attribute);

  [[nodiscard]] LogicKind kind() const { return static_cast<LogicKind>(head_ & 0xffU); }
  [[nodiscard]] bool IsNullish() const { return kind() <= LogicKind::kNull; }
  [[nodiscard]] bool IsNumber() const {
    return kind() == LogicKind::kInt || kind() == LogicKind::kDouble;
  }
  [[nodiscard]] bool IsString() const { return kind() == LogicKind::kString; }
  [[nodiscard]] bool IsArray() const {
    return kind() == LogicKind::kList || kind() == LogicKind::kNodeList;
  }
  [[nodiscard]] bool IsContainer() const { return kind() >= LogicKind::kList; }

  // The value; each only for its own kind.
  [[nodiscard]] bool boolean() const { return payload_.integer != 0; }
  [[nodiscard]] std::int64_t integer() const { return payload_.integer; }
  [[nodiscard]] std::string_view text() const { return {payload_.text, size()}; }
  [[nodiscard]] std::span<const LogicValue> values() const { return {payload_.values, size()}; }
  [[nodiscard]] const model::Attribute& node() const { return *payload_.node; }
  [[nodiscard]] const model::Context& context() const { return *payload_.context; }
  /// Of a number.
  [[nodiscard]] double number() const {
    return kind() == LogicKind::kInt ? static_cast<double>(payload_.integer) : payload_.number;
  }

  /// Calls `visit(element)` for each element of an array until it returns false.
  template <typename Visit>
  void ForEach(Visit&& visit) const;
  /// The member or element called `name`, undefined when there is none. Not of kContext.
  [[nodiscard]] LogicValue Member(std::string_view name) const;
  /// At how many elements or attributes a search in it may look.
  [[nodiscard]] std::uint32_t breadth() const {
    if (kind() == LogicKind::kList || kind() == LogicKind::kPairs) return size();
    const bool is_node = kind() == LogicKind::kNodeList || kind() == LogicKind::kNodeObject;
    return is_node ? payload_.node->size() : 0;
  }
  /// Whether two containers are the same one. Empty ones that were made never are: they have no
  /// memory by which to tell.
  [[nodiscard]] bool IsSameAs(const LogicValue& other) const {
    return kind() == other.kind() && size() == other.size() &&
           payload_.node == other.payload_.node && (size() != 0 || kind() >= LogicKind::kNodeList);
  }

  /// Which variant of the flag a constant names: 1 + its index, or 0.
  [[nodiscard]] std::uint16_t variant() const { return static_cast<std::uint16_t>(head_ >> 16U); }
  void set_variant(std::uint16_t variant) { head_ |= std::uint64_t{variant} << 16U; }

 private:
  explicit LogicValue(LogicKind kind) : head_(static_cast<std::uint64_t>(kind)) {}
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(head_ >> 32U); }
  void set_size(std::size_t size) { head_ |= std::uint64_t{size} << 32U; }
  static LogicValue Of(LogicKind kind, std::span<const LogicValue> values) {
    LogicValue made(kind);
    made.payload_.values = values.data();
    made.set_size(values.size());
    return made;
  }

  union Payload {
    std::int64_t integer;
    double number;
    const char* text;
    const LogicValue* values;
    const model::Attribute* node;
    const model::Context* context;
  };

  // Kind, variant and size in one word: written in parts, it could not be read at once for a while.
  std::uint64_t head_ = 0;
  Payload payload_{.integer = 0};
};
static_assert(sizeof(LogicValue) == 16);

inline LogicValue LogicValue::Of(const model::Attribute& attribute) {
  switch (attribute.kind()) {
    case model::AttributeKind::kBool:
      return Bool(attribute.boolean());
    case model::AttributeKind::kInt:
      return Int(attribute.integer());
    case model::AttributeKind::kDouble:
      return Double(attribute.number());
    case model::AttributeKind::kString:
      return Text(attribute.text());
    case model::AttributeKind::kNull:
      return Null();
    case model::AttributeKind::kArray:
    case model::AttributeKind::kObject:
      break;
  }
  LogicValue made(attribute.kind() == model::AttributeKind::kArray ? LogicKind::kNodeList
                                                                   : LogicKind::kNodeObject);
  made.payload_.node = &attribute;
  return made;
}

template <typename Visit>
void LogicValue::ForEach(Visit&& visit) const {
  if (kind() == LogicKind::kList) {
    for (const LogicValue& element : values()) {
      if (!visit(element)) return;
    }
  } else if (kind() == LogicKind::kNodeList) {
    const model::Attribute* const end = &node() + node().size();
    for (const model::Attribute* at = &node() + 1; at < end; at += at->size()) {
      if (!visit(Of(*at))) return;
    }
  }
}

/// As IsTruthy, for whatever is no boolean.
bool IsAnyTruthy(LogicValue value);
/// null, false, 0, NaN, "" and [] are false; all else, also "0" and {}, is true.
inline bool IsTruthy(LogicValue value) {
  return value.kind() == LogicKind::kBool ? value.boolean() : IsAnyTruthy(value);
}
/// JavaScript's ===. Containers are equal to themselves only.
bool StrictEqual(const LogicValue& a, const LogicValue& b);
/// JavaScript's ==.
bool LooseEqual(const LogicValue& a, const LogicValue& b, LogicMemory& memory);
/// How JavaScript's < and its like see two values: text by UTF-16 units, or numbers.
std::partial_ordering Compare(const LogicValue& a, const LogicValue& b, LogicMemory& memory);
/// JavaScript's Number(value): an int64 where the value is one, else a double.
LogicValue ToNumber(const LogicValue& value, LogicMemory& memory);
/// JavaScript's String(value).
std::string_view ToText(const LogicValue& value, LogicMemory& memory);
/// Appends what Array.join makes of an element: as ToText, but nothing for null.
void AppendText(const LogicValue& value, LogicBuffer<char>& out);
/// The result of a rule as JSON can say it: undefined, NaN and infinities are null, and so is what
/// is beyond some megabytes.
model::Value ToValue(const LogicValue& value);

}  // namespace pennon::engine
