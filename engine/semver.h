// Semantic Versioning 2.0 (semver.org): reading and precedence. Build metadata is checked and
// ignored. Numbers of any length are compared, as digits.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string_view>

namespace pennon::engine {

/// Views into the text that was read.
struct Semver {
  std::array<std::string_view, 3> numbers;  // major, minor, patch; without leading zeros
  std::string_view prerelease;              // "" for a release
};

/// `lenient` passes over one leading v or V and takes 1 and 1.2 for 1.0.0 and 1.2.0.
std::optional<Semver> ParseSemver(std::string_view text, bool lenient);

/// By precedence: a prerelease comes before its release.
std::strong_ordering Compare(const Semver& a, const Semver& b);

/// `^base`: not before `base`, and the same up to and including base's first number above 0.
bool IsCaret(const Semver& version, const Semver& base);
/// `~base`: not before `base`, with the same major and minor.
bool IsTilde(const Semver& version, const Semver& base);

}  // namespace pennon::engine
