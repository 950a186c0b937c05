#include "base/yaml_scalar.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

namespace pennon::base {
namespace {

using Resolved = std::optional<YamlScalar>;

bool IsAnyOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t CountDigits(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), IsDigit) -
                                  text.begin());
}

std::string_view WithoutSign(std::string_view text) {
  return !text.empty() && (text.front() == '-' || text.front() == '+') ? text.substr(1) : text;
}

// [0-9]+ ( \. [0-9]* )? | \. [0-9]+, then ( [eE] [-+]? [0-9]+ )?
bool HasSyntaxOfNumber(std::string_view text) {
  const std::size_t whole = CountDigits(text);
  text.remove_prefix(whole);
  std::size_t fraction = 0;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction = CountDigits(text);
    text.remove_prefix(fraction);
  }
  if (whole + fraction == 0) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text = WithoutSign(text.substr(1));
  return !text.empty() && CountDigits(text) == text.size();
}

Resolved Whole(std::string_view text, int base) {
  std::int64_t whole = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, whole, base);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return whole;
}

bool IsPrefixed(std::string_view text, std::string_view prefix, std::string_view digits) {
  return text.starts_with(prefix) && text.size() > prefix.size() &&
         text.find_first_not_of(digits, prefix.size()) == std::string_view::npos;
}

}  // namespace

Resolved ResolveYamlScalar(std::string_view text) {
  if (IsAnyOf(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
  if (IsAnyOf(text, {"true", "True", "TRUE"})) return true;
  if (IsAnyOf(text, {"false", "False", "FALSE"})) return false;
  if (IsPrefixed(text, "0o", "01234567")) return Whole(text.substr(2), 8);
  if (IsPrefixed(text, "0x", "0123456789abcdefABCDEF")) return Whole(text.substr(2), 16);
  const std::string_view unsigned_text = WithoutSign(text);
  if (IsAnyOf(unsigned_text, {".inf", ".Inf", ".INF"})) return std::nullopt;
  if (IsAnyOf(text, {".nan", ".NaN", ".NAN"})) return std::nullopt;
  if (!HasSyntaxOfNumber(unsigned_text)) return text;
  // from_chars knows no `+`.
  const std::string_view number = text.front() == '+' ? unsigned_text : text;
  if (CountDigits(unsigned_text) == unsigned_text.size()) return Whole(number, 10);
  const double real = std::strtod(std::string(number).c_str(), nullptr);
  if (!std::isfinite(real)) return std::nullopt;
  return real;
}

}  // namespace pennon::base
