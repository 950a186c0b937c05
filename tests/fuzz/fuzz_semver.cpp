// Reads three lines as versions: precedence is a total order, and a version that is written out
// again is the same.
#include <array>
#include <optional>
#include <string>

#include "engine/semver.h"

namespace {

using namespace pennon::engine;

std::string_view NextLine(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

void CheckText(const Semver& version) {
  std::string text;
  for (const std::string_view number : version.numbers) {
    if (!text.empty()) text += '.';
    text += number;
  }
  if (!version.prerelease.empty()) text.append("-").append(version.prerelease);
  const auto again = ParseSemver(text, false);
  if (!again || Compare(*again, version) != 0) __builtin_trap();
}

void CheckPair(const Semver& a, const Semver& b) {
  const auto order = Compare(a, b);
  const auto other = Compare(b, a);
  if ((order < 0) != (other > 0) || (order == 0) != (other == 0)) __builtin_trap();
  if ((IsCaret(a, b) || IsTilde(a, b)) && order < 0) __builtin_trap();
  if (order == 0 && !(IsCaret(a, b) && IsTilde(a, b))) __builtin_trap();
  if (order == 0 && (a.numbers != b.numbers || a.prerelease != b.prerelease)) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::array<std::optional<Semver>, 3> versions;
  for (auto& version : versions) {
    const std::string_view line = NextLine(rest);
    const auto strict = ParseSemver(line, false);
    version = ParseSemver(line, true);
    if (strict && (!version || Compare(*strict, *version) != 0)) __builtin_trap();
    if (!version) return 0;
    CheckText(*version);
  }
  for (const auto& a : versions) {
    for (const auto& b : versions) {
      CheckPair(*a, *b);
      for (const auto& c : versions) {
        if (Compare(*a, *b) <= 0 && Compare(*b, *c) <= 0 && Compare(*a, *c) > 0) __builtin_trap();
      }
    }
  }
  return 0;
}
