#include "engine/semver.h"

#include <algorithm>

namespace pennon::engine {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsNumber(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

bool IsIdentifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return IsDigit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
  });
}

bool HasLeadingZero(std::string_view number) {
  return number.size() > 1 && number.front() == '0';
}

// Takes what stands before the next `separator`, and passes over it.
std::string_view TakeUntil(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return piece;
}

// Identifiers with dots between them. In a prerelease numbers have no leading zeros.
bool AreIdentifiers(std::string_view text, bool is_prerelease) {
  if (text.empty() || text.back() == '.') return false;
  while (!text.empty()) {
    const std::string_view one = TakeUntil(text, '.');
    if (!IsIdentifier(one)) return false;
    if (is_prerelease && IsNumber(one) && HasLeadingZero(one)) return false;
  }
  return true;
}

std::strong_ordering CompareNumbers(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

// Numbers come before words.
std::strong_ordering CompareIdentifiers(std::string_view a, std::string_view b) {
  const bool a_is_number = IsNumber(a);
  const bool b_is_number = IsNumber(b);
  if (a_is_number && b_is_number) return CompareNumbers(a, b);
  if (a_is_number != b_is_number)
    return a_is_number ? std::strong_ordering::less : std::strong_ordering::greater;
  return a.compare(b) <=> 0;
}

std::strong_ordering ComparePrereleases(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.empty() <=> b.empty();
  while (!a.empty() && !b.empty()) {
    const auto order = CompareIdentifiers(TakeUntil(a, '.'), TakeUntil(b, '.'));
    if (order != 0) return order;
  }
  return b.empty() <=> a.empty();  // the one that goes on is the later one
}

}  // namespace

std::optional<Semver> ParseSemver(std::string_view text, bool lenient) {
  if (lenient && !text.empty() && (text.front() == 'v' || text.front() == 'V')) {
    text.remove_prefix(1);
  }
  Semver version;
  std::string_view rest = text;
  const std::size_t plus = rest.find('+');
  if (plus != std::string_view::npos) {
    if (!AreIdentifiers(rest.substr(plus + 1), false)) return std::nullopt;
    rest = rest.substr(0, plus);
  }
  const std::size_t dash = rest.find('-');
  if (dash != std::string_view::npos) {
    version.prerelease = rest.substr(dash + 1);
    if (!AreIdentifiers(version.prerelease, true)) return std::nullopt;
    rest = rest.substr(0, dash);
  }
  const auto dots = std::count(rest.begin(), rest.end(), '.');
  const bool is_short = dots < 2;
  if (dots > 2 || (is_short && (!lenient || rest.size() != text.size()))) return std::nullopt;
  for (std::size_t i = 0; i < version.numbers.size(); ++i) {
    const bool is_given = static_cast<std::ptrdiff_t>(i) <= dots;
    const std::string_view number = is_given ? TakeUntil(rest, '.') : "0";
    if (!IsNumber(number) || HasLeadingZero(number)) return std::nullopt;
    version.numbers[i] = number;
  }
  return version;
}

std::strong_ordering Compare(const Semver& a, const Semver& b) {
  for (std::size_t i = 0; i < a.numbers.size(); ++i) {
    const auto order = CompareNumbers(a.numbers[i], b.numbers[i]);
    if (order != 0) return order;
  }
  return ComparePrereleases(a.prerelease, b.prerelease);
}

bool IsCaret(const Semver& version, const Semver& base) {
  for (std::size_t i = 0; i < base.numbers.size(); ++i) {
    if (version.numbers[i] != base.numbers[i]) return false;
    if (base.numbers[i] != "0") break;
  }
  return Compare(version, base) >= 0;
}

bool IsTilde(const Semver& version, const Semver& base) {
  return version.numbers[0] == base.numbers[0] && version.numbers[1] == base.numbers[1] &&
         Compare(version, base) >= 0;
}

}  // namespace pennon::engine
