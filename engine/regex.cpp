#include "engine/regex.h"

#include <re2/re2.h>

#include <new>

#include "base/text_hash.h"
#include "engine/limits.h"

namespace pennon::engine {

using base::Error;

namespace {

re2::RE2::Options Options() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxRegexMemory);
  return options;
}

// `\C` would match one byte of a character of several.
bool MatchesBytes(std::string_view pattern) {
  for (std::size_t at = 0; at + 1 < pattern.size(); ++at) {
    if (pattern[at] != '\\') continue;
    if (pattern[++at] == 'C') return true;
  }
  return false;
}

}  // namespace

std::optional<Error> CheckPatternAt(std::string_view pattern, const std::string& place,
                                    bool ignore_case) {
  if (pattern.size() > kMaxPatternBytes) {
    return Error::Limit(place, "is longer than " + std::to_string(kMaxPatternBytes) + " bytes");
  }
  if (MatchesBytes(pattern)) return Error::Invalid(place, "has \\C, which may split a character");
  const std::string compiled = std::string(ignore_case ? kIgnoreCasePrefix : "").append(pattern);
  const re2::RE2 regex(compiled, Options());
  if (regex.ok()) return std::nullopt;
  return Error::Invalid(place, "is no regular expression of RE2: " + regex.error());
}

Regexes::Regexes(const std::vector<std::string_view>& patterns, const Regexes* previous) {
  base::TextMap<std::string_view, std::shared_ptr<const re2::RE2>> known;
  if (previous != nullptr) {
    for (const auto& regex : previous->compiled_) known.emplace(regex->pattern(), regex);
  }
  compiled_.reserve(patterns.size());
  for (const std::string_view pattern : patterns) {
    const auto found = known.find(pattern);
    compiled_.push_back(found != known.end()
                            ? found->second
                            : std::make_shared<const re2::RE2>(
                                  re2::StringPiece(pattern.data(), pattern.size()), Options()));
  }
}

Regexes::~Regexes() = default;

// RE2 builds its automaton while it reads.
std::optional<bool> Regexes::Finds(std::uint32_t number, std::string_view text) const {
  const re2::RE2& regex = *compiled_[number];
  const re2::StringPiece piece(text.data(), text.size());
  try {
    return regex.ok() && regex.Match(piece, 0, piece.size(), re2::RE2::UNANCHORED, nullptr, 0);
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

}  // namespace pennon::engine
