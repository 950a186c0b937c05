#include "engine/comparison.h"

#include <algorithm>
#include <cstring>

#include "base/timestamp.h"
#include "engine/ip_range.h"
#include "engine/literal.h"
#include "engine/regex.h"
#include "engine/semver.h"

namespace pennon::engine {
namespace {

using model::Attribute;
using model::AttributeKind;

constexpr std::size_t kSearchedBytesPerOperation = 64;
constexpr std::size_t kMatchedBytesPerOperation = 4;  // by a regular expression

// Calls `test` with the literals until one passes. Each costs `more` than one operation.
template <typename Test>
bool AnyLiteral(const ImageView& view, const ValueSet& set, std::size_t more, Budget& budget,
                Test&& test) {
  const auto cost = static_cast<std::uint32_t>(1 + std::min<std::size_t>(more, UINT32_MAX - 1));
  for (const Literal& literal : view.literals.subspan(set.literals.first, set.literals.count)) {
    if (!budget.Spend(cost)) return false;
    if (test(literal)) return true;
  }
  return false;
}

// Looks at as many bytes as both have together multiplied, in the worst case.
bool ContainsIgnoringCase(std::string_view text, std::string_view lower, Budget& budget) {
  const std::size_t cost = text.size() / kSearchedBytesPerOperation * lower.size();
  if (!budget.Spend(static_cast<std::uint32_t>(std::min<std::size_t>(cost, UINT32_MAX)))) {
    return false;
  }
  return std::search(text.begin(), text.end(), lower.begin(), lower.end(),
                     [](char a, char b) { return LowerAscii(a) == b; }) != text.end();
}

bool TextMatches(StepOp op, std::string_view text, std::string_view part, bool ignore_case,
                 Budget& budget) {
  if (text.size() < part.size()) return false;
  switch (op) {
    case StepOp::kStartsWith:
      text = text.substr(0, part.size());
      break;
    case StepOp::kEndsWith:
      text = text.substr(text.size() - part.size());
      break;
    default:
      return ignore_case ? ContainsIgnoringCase(text, part, budget) : HasPart(text, part);
  }
  return ignore_case ? EqualIgnoringCase(text, part) : text == part;
}

template <typename T>
bool Ordered(StepOp op, T a, T b) {
  switch (op) {
    case StepOp::kEqual:
      return a == b;
    case StepOp::kGreater:
      return a > b;
    case StepOp::kGreaterEqual:
      return a >= b;
    case StepOp::kLess:
      return a < b;
    default:
      return a <= b;
  }
}

bool NumberMatches(StepOp op, const Attribute& attribute, const Literal& literal) {
  if (literal.kind != LiteralKind::kInt && literal.kind != LiteralKind::kDouble) return false;
  if (literal.kind == LiteralKind::kInt && attribute.kind() == AttributeKind::kInt) {
    return Ordered(op, attribute.integer(), static_cast<std::int64_t>(literal.payload));
  }
  const long double left = attribute.kind() == AttributeKind::kInt
                               ? static_cast<long double>(attribute.integer())
                               : static_cast<long double>(attribute.number());
  return Ordered(op, left, NumberOf(literal.kind, literal.payload));
}

std::optional<std::int64_t> MicrosOf(const Attribute& attribute) {
  switch (attribute.kind()) {
    case AttributeKind::kInt:
      return base::MicrosOfMillis(attribute.integer());
    case AttributeKind::kDouble:
      return base::MicrosOfMillis(attribute.number());
    case AttributeKind::kString:
      return base::ParseTimestamp(attribute.text());
    default:
      return std::nullopt;
  }
}

bool VersionMatches(StepOp op, const Semver& version, const Semver& operand) {
  switch (op) {
    case StepOp::kSemverCaret:
      return IsCaret(version, operand);
    case StepOp::kSemverTilde:
      return IsTilde(version, operand);
    case StepOp::kSemverEqual:
      return Compare(version, operand) == 0;
    case StepOp::kSemverGreater:
      return Compare(version, operand) > 0;
    case StepOp::kSemverGreaterEqual:
      return Compare(version, operand) >= 0;
    case StepOp::kSemverLess:
      return Compare(version, operand) < 0;
    default:
      return Compare(version, operand) <= 0;
  }
}

// The literal of a range is its address and, in one byte more, how many bits count.
bool RangeHas(std::string_view packed, const IpAddress& address) {
  IpRange range;
  if (packed.size() != range.address.size() + 1) return false;
  std::memcpy(range.address.data(), packed.data(), range.address.size());
  range.bits = std::min<unsigned char>(static_cast<unsigned char>(packed.back()), 128);
  return range.Contains(address);
}

}  // namespace

bool ComparesWithAny(const ImageView& view, const Step& step, const ValueSet& set,
                     const Attribute& attribute, Budget& budget) {
  const bool is_text = attribute.kind() == AttributeKind::kString;
  std::size_t more = 0;
  if (is_text && step.op == StepOp::kContains) {
    more = attribute.text().size() / kSearchedBytesPerOperation;
  } else if (is_text && step.op == StepOp::kRegex) {
    more = attribute.text().size() / kMatchedBytesPerOperation;
  }
  const auto any = [&](auto&& test) { return AnyLiteral(view, set, more, budget, test); };
  if (step.op <= StepOp::kContains) {
    return is_text && any([&](const Literal& literal) {
             return literal.kind == LiteralKind::kString &&
                    TextMatches(step.op, attribute.text(), view.Text(literal),
                                (step.option & kOption) != 0, budget);
           });
  }
  if (step.op == StepOp::kRegex) {
    return is_text && any([&](const Literal& literal) {
             if (literal.payload >= view.patterns.size()) return false;
             const auto found =
                 view.regexes->Finds(static_cast<std::uint32_t>(literal.payload), attribute.text());
             if (!found) budget.Exhaust();  // nobody knows: the caller's default
             return found.value_or(false);
           });
  }
  if (step.op <= StepOp::kLessEqual) {
    return attribute.IsNumber() &&
           any([&](const Literal& literal) { return NumberMatches(step.op, attribute, literal); });
  }
  if (step.op <= StepOp::kAfter) {
    const auto micros = MicrosOf(attribute);
    return micros && any([&](const Literal& literal) {
             const auto operand = static_cast<std::int64_t>(literal.payload);
             return step.op == StepOp::kBefore ? *micros < operand : *micros > operand;
           });
  }
  if (step.op <= StepOp::kSemverTilde) {
    const bool lenient = (step.option & kOption) != 0;
    const auto version = is_text ? ParseSemver(attribute.text(), lenient) : std::nullopt;
    return version && any([&](const Literal& literal) {
             if (!budget.Spend(literal.size / kSearchedBytesPerOperation)) return false;
             const auto operand = ParseSemver(view.Text(literal), lenient);
             return operand && VersionMatches(step.op, *version, *operand);
           });
  }
  const auto address = is_text ? ParseIpAddress(attribute.text()) : std::nullopt;
  return address && any([&](const Literal& literal) {
           return literal.kind == LiteralKind::kString && RangeHas(view.Text(literal), *address);
         });
}

}  // namespace pennon::engine
