#include "engine/logic_text.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/literal.h"
namespace pennon::engine {
namespace {

constexpr std::size_t kBytesPerOperation = 64;

// UTF-16 units of the character that begins with this byte; 0 inside of a character.
std::size_t UnitsOf(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if ((byte & 0xc0U) == 0x80U) return 0;
  return byte >= 0xf0U ? 2 : 1;
}

std::size_t CountUnits(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) units += UnitsOf(c);
  return units;
}

// Where the unit `units` of the text begins; inside of a character where the next one does.
std::size_t ByteOf(std::string_view text, double units) {
  double passed = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t more = UnitsOf(text[at]);
    if (more != 0 && passed >= units) break;
    passed += static_cast<double>(more);
    ++at;
  }
  return at;
}

// JavaScript's ToIntegerOrInfinity.
double WholePart(LogicEvaluator& evaluator, const LogicValue& value) {
  const double number = ToNumber(value, evaluator.memory()).number();
  return std::isnan(number) ? 0 : std::trunc(number);
}

// JavaScript's text.substr(start, length); without `length` up to the end.
std::string_view Cut(std::string_view text, double start, std::optional<double> length) {
  const auto units = static_cast<double>(CountUnits(text));
  if (start < 0) start = std::max(units + start, 0.0);
  const double end = length ? std::min(start + std::max(*length, 0.0), units) : units;
  if (start >= end) return {};
  const std::size_t from = ByteOf(text, start);
  const std::size_t to = ByteOf(text, end);
  return text.substr(from, to - from);
}

}  // namespace

bool ContainsText(LogicEvaluator& evaluator, std::string_view text, std::string_view part) {
  const auto cost = static_cast<std::uint32_t>(text.size() / kBytesPerOperation);
  return evaluator.budget().Spend(cost) && HasPart(text, part);
}

LogicValue Concatenation(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  LogicBuffer<char> text(evaluator.memory());
  for (std::uint32_t i = 0; i < node.count; ++i) {
    AppendText(evaluator.Argument(node, i, data), text);
  }
  return LogicValue::Text({text.items().data(), text.items().size()});
}

LogicValue Substring(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  const std::string_view text = ToText(evaluator.Argument(node, 0, data), evaluator.memory());
  const LogicValue start = evaluator.Argument(node, 1, data);
  const LogicValue length = evaluator.Argument(node, 2, data);
  const auto cost = static_cast<std::uint32_t>(text.size() / kBytesPerOperation);
  if (!evaluator.budget().Spend(cost)) return {};
  const double from = WholePart(evaluator, start);
  if (length.kind() == LogicKind::kUndefined) return LogicValue::Text(Cut(text, from, {}));
  const double size = WholePart(evaluator, length);
  if (size >= 0) return LogicValue::Text(Cut(text, from, size));
  // A negative length leaves out so many at the end.
  const std::string_view rest = Cut(text, from, {});
  return LogicValue::Text(Cut(rest, 0, static_cast<double>(CountUnits(rest)) + size));
}

}  // namespace pennon::engine
