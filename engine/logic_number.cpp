#include "engine/logic_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>

namespace pennon::engine {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53: from here on all are whole

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// What JavaScript calls white space, in UTF-8.
constexpr std::array<std::string_view, 25> kSpaces{
    "\t",           "\n",           "\v",           "\f",           "\r",           " ",
    "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83",
    "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89",
    "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
    "\xef\xbb\xbf"};

std::string_view TrimLeft(std::string_view text) {
  for (;;) {
    const auto* space =
        std::find_if(kSpaces.begin(), kSpaces.end(),
                     [&](std::string_view candidate) { return text.starts_with(candidate); });
    if (space == kSpaces.end()) return text;
    text.remove_prefix(space->size());
  }
}
std::string_view Trim(std::string_view text) {
  text = TrimLeft(text);
  for (;;) {
    const auto* space =
        std::find_if(kSpaces.begin(), kSpaces.end(),
                     [&](std::string_view candidate) { return text.ends_with(candidate); });
    if (space == kSpaces.end()) return text;
    text.remove_suffix(space->size());
  }
}

// A decimal literal at the text's beginning, as found by ScanDecimal.
struct Decimal {
  std::size_t size = 0;
  std::int64_t magnitude = 0;  // about its exponent of ten
};

constexpr std::int64_t kHugeExponent = 1'000'000'000;

// digits [. digits] [e [sign] digits], with a digit before or after the point.
std::optional<Decimal> ScanDecimal(std::string_view text) {
  std::size_t at = 0;
  std::size_t digits = 0;
  Decimal found;
  bool seen_other_than_zero = false;
  bool after_point = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !after_point) {
      after_point = true;
      continue;
    }
    if (!IsDigit(text[at])) break;
    ++digits;
    seen_other_than_zero = seen_other_than_zero || text[at] != '0';
    if (!after_point && seen_other_than_zero) ++found.magnitude;
    if (after_point && !seen_other_than_zero) --found.magnitude;
  }
  if (digits == 0) return std::nullopt;
  found.size = at;
  if (at == text.size() || (text[at] != 'e' && text[at] != 'E')) return found;
  const bool has_sign = ++at < text.size() && (text[at] == '+' || text[at] == '-');
  const bool negative = has_sign && text[at] == '-';
  if (has_sign) ++at;
  const std::size_t first_digit = at;
  std::int64_t exponent = 0;
  for (; at < text.size() && IsDigit(text[at]); ++at) {
    exponent = std::min(exponent * 10 + (text[at] - '0'), kHugeExponent);
  }
  if (at == first_digit) return found;
  found.size = at;
  found.magnitude += negative ? -exponent : exponent;
  return found;
}

double Read(std::string_view text, const Decimal& decimal) {
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + decimal.size, number);
  if (read.ec == std::errc::result_out_of_range) return decimal.magnitude > 0 ? kInfinity : 0;
  return number;
}

// Takes a sign from the text's beginning; -1 or 1.
double TakeSign(std::string_view& text) {
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return 1;
  const double sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  return sign;
}

// 0x1f, 0o17, 0b11; none when the text is nothing of this kind.
std::optional<double> FromOtherBase(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return std::nullopt;
  int base = 0;
  if (text[1] == 'x' || text[1] == 'X') base = 16;
  if (text[1] == 'o' || text[1] == 'O') base = 8;
  if (text[1] == 'b' || text[1] == 'B') base = 2;
  if (base == 0) return std::nullopt;
  text.remove_prefix(2);
  if (text.empty()) return kNaN;
  double number = 0;
  for (const char c : text) {
    int digit = 0;
    const auto read = std::from_chars(&c, &c + 1, digit, base);
    if (read.ec != std::errc()) return kNaN;
    number = number * base + digit;
  }
  return number;
}

}  // namespace

double NumberFromText(std::string_view text) {
  text = Trim(text);
  if (text.empty()) return 0;
  if (const auto number = FromOtherBase(text)) return *number;
  const double sign = TakeSign(text);
  if (text == "Infinity") return sign * kInfinity;
  const auto decimal = ScanDecimal(text);
  return decimal && decimal->size == text.size() ? sign * Read(text, *decimal) : kNaN;
}

double NumberFromPrefix(std::string_view text) {
  text = TrimLeft(text);
  const double sign = TakeSign(text);
  if (text.starts_with("Infinity")) return sign * kInfinity;
  const auto decimal = ScanDecimal(text);
  return decimal ? sign * Read(text, *decimal) : kNaN;
}

std::string_view TextOfNumber(double number, NumberText& buffer) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  if (number == 0) return "0";
  const double size = std::abs(number);
  char* const begin = buffer.data();
  char* const end = begin + buffer.size();
  if (size >= 1e-6 && size < kExactIntegers) {
    const auto done = std::to_chars(begin, end, number, std::chars_format::fixed);
    return {begin, static_cast<std::size_t>(done.ptr - begin)};
  }
  NumberText scientific;
  const auto done = std::to_chars(scientific.data(), scientific.data() + scientific.size(), number,
                                  std::chars_format::scientific);
  const std::string_view text(scientific.data(),
                              static_cast<std::size_t>(done.ptr - scientific.data()));
  const std::size_t e = text.find('e');
  std::string_view mantissa = text.substr(0, e);
  std::string_view exponent_text = text.substr(e + 2);
  int exponent = 0;
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  if (text[e + 1] == '-') exponent = -exponent;
  char* out = begin;
  const auto put = [&](std::string_view piece) {
    out = std::copy(piece.begin(), piece.end(), out);
  };
  if (mantissa.front() == '-') {
    *out++ = '-';
    mantissa.remove_prefix(1);
  }
  if (exponent >= 21 || exponent < 0) {  // below 1e-6, or 1e21 and more
    put(mantissa);
    put(exponent < 0 ? "e-" : "e+");
    out = std::to_chars(out, end, std::abs(exponent)).ptr;
  } else {  // a whole number: its shortest digits and zeros, where to_chars would print all digits
    put(mantissa.substr(0, 1));
    const std::string_view rest = mantissa.size() > 2 ? mantissa.substr(2) : "";
    put(rest);
    out = std::fill_n(out, static_cast<std::size_t>(exponent) - rest.size(), '0');
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}

std::string_view TextOf(const model::Attribute& attribute, NumberText& buffer) {
  switch (attribute.kind()) {
    case model::AttributeKind::kString:
      return attribute.text();
    case model::AttributeKind::kBool:
      return attribute.boolean() ? "true" : "false";
    case model::AttributeKind::kInt: {
      const auto end =
          std::to_chars(buffer.data(), buffer.data() + buffer.size(), attribute.integer());
      return {buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data())};
    }
    case model::AttributeKind::kDouble:
      return TextOfNumber(attribute.number(), buffer);
    case model::AttributeKind::kNull:
    case model::AttributeKind::kArray:
    case model::AttributeKind::kObject:
      break;
  }
  return {};
}

}  // namespace pennon::engine
