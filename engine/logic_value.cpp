#include "engine/logic_value.h"

#include <charconv>
#include <limits>

#include "engine/literal.h"
#include "engine/logic_number.h"

namespace pennon::engine {
namespace {

using model::Attribute;

// The number that an array's index is, written as JavaScript writes it.
std::optional<std::size_t> Index(std::string_view name) {
  std::size_t index = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), index);
  const bool canonical = !name.empty() && (name.size() == 1 || name.front() != '0');
  if (read.ec != std::errc() || read.ptr != name.data() + name.size() || !canonical) {
    return std::nullopt;
  }
  return index;
}

LogicValue Element(const LogicValue& array, std::size_t index) {
  LogicValue found;
  array.ForEach([&](const LogicValue& element) {
    if (index == 0) found = element;
    return index-- != 0;
  });
  return found;
}

long double Exact(const LogicValue& number) {
  return number.kind() == LogicKind::kInt ? static_cast<long double>(number.integer())
                                          : static_cast<long double>(number.number());
}

bool SameNumber(const LogicValue& a, const LogicValue& b) {
  return Exact(a) == Exact(b);
}

// By UTF-16 units: as by bytes, but that characters beyond U+FFFF come before U+E000 … U+FFFF.
std::strong_ordering CompareUtf16(std::string_view a, std::string_view b) {
  const auto [at, bt] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (at == a.end() || bt == b.end()) return a.size() <=> b.size();
  const auto x = static_cast<unsigned char>(*at);
  const auto y = static_cast<unsigned char>(*bt);
  constexpr unsigned char kFirstFour = 0xf0;  // the first byte of characters beyond U+FFFF
  constexpr unsigned char kFirstAfter = 0xee;
  if ((x >= kFirstFour) != (y >= kFirstFour) && std::min(x, y) >= kFirstAfter) return y <=> x;
  return x <=> y;
}

// Text of one value; false when it is nested too deeply.
class Joiner {
 public:
  explicit Joiner(LogicBuffer<char>& out) : out_(out) {}

  void Join(const LogicValue& value, std::size_t depth) {
    if (!value.IsArray() || depth > kMaxLogicDepth) return Put(value);
    bool first = true;
    value.ForEach([&](const LogicValue& element) {
      if (!out_.Spend()) return false;
      if (!first) out_.Append(',');
      first = false;
      Join(element, depth + 1);
      return true;
    });
  }

 private:
  void Put(const LogicValue& value) {
    NumberText buffer;
    switch (value.kind()) {
      case LogicKind::kUndefined:
      case LogicKind::kNull:
        return;
      case LogicKind::kBool:
        return out_.Append(value.boolean() ? std::string_view("true") : "false");
      case LogicKind::kInt: {
        const auto done =
            std::to_chars(buffer.data(), buffer.data() + buffer.size(), value.integer());
        return out_.Append(std::string_view(buffer.data(), done.ptr));
      }
      case LogicKind::kDouble:
        return out_.Append(TextOfNumber(value.number(), buffer));
      case LogicKind::kString:
        return out_.Append(value.text());
      case LogicKind::kList:
      case LogicKind::kNodeList:
        return;
      case LogicKind::kPairs:
      case LogicKind::kNodeObject:
      case LogicKind::kContext:
        return out_.Append(std::string_view("[object Object]"));
    }
  }

  LogicBuffer<char>& out_;
};

LogicValue Primitive(const LogicValue& value, LogicMemory& memory) {
  return value.IsContainer() ? LogicValue::Text(ToText(value, memory)) : value;
}

// Values that are shown; text counts as one for each of so many bytes.
constexpr std::size_t kMaxShown = 100'000;
constexpr std::size_t kShownBytes = 64;

// Makes JSON of a value, and null of what is beyond kMaxShown: lists may stand in others many
// times, and texts in them.
class Shower {
 public:
  model::Value Show(const LogicValue& value, std::size_t depth) {
    if (!Spend(value.IsString() ? value.text() : std::string_view())) return nullptr;
    switch (value.kind()) {
      case LogicKind::kUndefined:
      case LogicKind::kNull:
        return nullptr;
      case LogicKind::kBool:
        return value.boolean();
      case LogicKind::kInt:
        return value.integer();
      case LogicKind::kDouble:
        if (!std::isfinite(value.number())) return nullptr;
        if (const auto whole = WholeNumber(value.number())) return *whole;
        return value.number();
      case LogicKind::kString:
        return std::string(value.text());
      default:
        break;
    }
    if (depth > kMaxLogicDepth) return nullptr;
    return value.IsArray() ? Array(value, depth + 1) : Object(value, depth + 1);
  }

 private:
  model::Value Array(const LogicValue& value, std::size_t depth) {
    model::Array array;
    value.ForEach([&](const LogicValue& element) {
      array.push_back(Show(element, depth));
      return left_ > 0;
    });
    return array;
  }

  model::Value Object(const LogicValue& value, std::size_t depth) {
    model::Object object;
    const auto siblings = [&](const Attribute* at, const Attribute* end) {
      for (; at < end && Spend(at->name()); at += at->size()) {
        object.emplace_back(at->name(), Show(LogicValue::Of(*at), depth));
      }
    };
    if (value.kind() == LogicKind::kContext) {
      const auto& nodes = value.context().nodes();
      siblings(nodes.data(), nodes.data() + nodes.size());
    } else if (value.kind() == LogicKind::kNodeObject) {
      siblings(&value.node() + 1, &value.node() + value.node().size());
    } else {
      const auto pairs = value.values();
      for (std::size_t i = 0; i + 1 < pairs.size() && Spend(pairs[i].text()); i += 2) {
        object.emplace_back(pairs[i].text(), Show(pairs[i + 1], depth));
      }
    }
    return object;
  }

  bool Spend(std::string_view text) {
    const std::size_t cost = 1 + text.size() / kShownBytes;
    left_ = cost < left_ ? left_ - cost : 0;
    return left_ > 0;
  }

  std::size_t left_ = kMaxShown;
};

}  // namespace

LogicValue LogicValue::Member(std::string_view name) const {
  if (kind() == LogicKind::kNodeObject) {
    const Attribute* const found = model::Context::Member(node(), name);
    return found == nullptr ? LogicValue() : Of(*found);
  }
  if (kind() == LogicKind::kPairs) {
    const auto pairs = values();
    for (std::size_t i = pairs.size() / 2; i-- > 0;) {
      if (pairs[2 * i].IsString() && pairs[2 * i].text() == name) return pairs[2 * i + 1];
    }
    return {};
  }
  const auto index = IsArray() ? Index(name) : std::nullopt;
  return index ? Element(*this, *index) : LogicValue();
}

bool IsAnyTruthy(LogicValue value) {
  switch (value.kind()) {
    case LogicKind::kUndefined:
    case LogicKind::kNull:
      return false;
    case LogicKind::kBool:
      return value.boolean();
    case LogicKind::kInt:
      return value.integer() != 0;
    case LogicKind::kDouble:
      return value.number() != 0 && !std::isnan(value.number());
    case LogicKind::kString:
      return !value.text().empty();
    case LogicKind::kList:
      return !value.values().empty();
    case LogicKind::kNodeList:
      return value.node().size() > 1;
    case LogicKind::kPairs:
    case LogicKind::kNodeObject:
    case LogicKind::kContext:
      break;
  }
  return true;
}

bool StrictEqual(const LogicValue& a, const LogicValue& b) {
  if (a.IsNumber() && b.IsNumber()) return SameNumber(a, b);
  if (a.kind() != b.kind()) return false;
  if (a.IsString()) return a.text() == b.text();
  if (a.kind() == LogicKind::kBool) return a.boolean() == b.boolean();
  return a.IsNullish() || a.IsSameAs(b);
}

bool LooseEqual(const LogicValue& a, const LogicValue& b, LogicMemory& memory) {
  if (a.IsNullish() || b.IsNullish()) return a.IsNullish() && b.IsNullish();
  if (a.IsContainer() && b.IsContainer()) return a.IsSameAs(b);
  const LogicValue left = Primitive(a, memory);
  const LogicValue right = Primitive(b, memory);
  if (left.IsString() && right.IsString()) return left.text() == right.text();
  return SameNumber(ToNumber(left, memory), ToNumber(right, memory));
}

std::partial_ordering Compare(const LogicValue& a, const LogicValue& b, LogicMemory& memory) {
  const LogicValue left = Primitive(a, memory);
  const LogicValue right = Primitive(b, memory);
  if (left.IsString() && right.IsString()) return CompareUtf16(left.text(), right.text());
  return Exact(ToNumber(left, memory)) <=> Exact(ToNumber(right, memory));
}

LogicValue ToNumber(const LogicValue& value, LogicMemory& memory) {
  if (value.IsNumber()) return value;
  if (value.kind() == LogicKind::kNull) return LogicValue::Int(0);
  if (value.kind() == LogicKind::kBool) return LogicValue::Int(value.boolean() ? 1 : 0);
  if (value.kind() == LogicKind::kUndefined) {
    return LogicValue::Double(std::numeric_limits<double>::quiet_NaN());
  }
  return LogicValue::Double(NumberFromText(ToText(value, memory)));
}

std::string_view ToText(const LogicValue& value, LogicMemory& memory) {
  if (value.IsString()) return value.text();
  if (value.kind() == LogicKind::kNull) return "null";
  if (value.kind() == LogicKind::kUndefined) return "undefined";
  LogicBuffer<char> buffer(memory);
  AppendText(value, buffer);
  return {buffer.items().data(), buffer.items().size()};
}

void AppendText(const LogicValue& value, LogicBuffer<char>& out) {
  Joiner(out).Join(value, 0);
}

model::Value ToValue(const LogicValue& value) {
  return Shower().Show(value, 0);
}

}  // namespace pennon::engine
