// Regular expressions: RE2's syntax and its promise of linear time. This is the one door to RE2.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace re2 {
class RE2;
}

namespace pennon::engine {

/// Put before a pattern that ignores case.
inline constexpr std::string_view kIgnoreCasePrefix = "(?i)";

/// What is wrong with a pattern, or nothing; `place` is its path in a definition. One that ignores
/// case needs more memory than the same that does not.
std::optional<base::Error> CheckPatternAt(std::string_view pattern, const std::string& place,
                                          bool ignore_case = false);

/// Compiled patterns by their numbers. Immutable; safe to use from any thread.
class Regexes {
 public:
  /// A pattern that does not compile, as only a damaged image has one, matches nothing. Patterns
  /// that `previous` has are taken over from it, with the automata that evaluations have built.
  explicit Regexes(const std::vector<std::string_view>& patterns,
                   const Regexes* previous = nullptr);
  ~Regexes();
  Regexes(const Regexes&) = delete;
  Regexes& operator=(const Regexes&) = delete;

  /// Whether the pattern is found anywhere in `text`; none when RE2 has no memory to find out.
  /// `number` is less than that of the patterns.
  [[nodiscard]] std::optional<bool> Finds(std::uint32_t number, std::string_view text) const;
  /// The compiled pattern, for comparing.
  [[nodiscard]] const re2::RE2* At(std::uint32_t number) const { return compiled_[number].get(); }

 private:
  std::vector<std::shared_ptr<const re2::RE2>> compiled_;
};

}  // namespace pennon::engine
