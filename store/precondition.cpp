#include "store/precondition.h"

#include <charconv>
#include <string>

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;

// Proxies make weak tags of strong ones; a version is the same either way.
std::optional<std::int64_t> ParseTag(std::string_view tag) {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  if (tag.size() < 4 || !tag.starts_with("\"v") || !tag.ends_with('"')) return std::nullopt;
  const std::string_view digits = tag.substr(2, tag.size() - 3);
  std::int64_t version = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (end.ec != std::errc() || end.ptr != digits.data() + digits.size()) return std::nullopt;
  return version;
}

Error Outdated(std::optional<std::int64_t> version, const std::string& expected) {
  const std::string found = version ? "it is at version " + std::to_string(*version)
                                    : std::string("there is nothing yet");
  return Error::Outdated("If-Match", found + ", but the change was made for " + expected +
                                         "; read it again and decide");
}

}  // namespace

base::Result<Precondition> ReadPrecondition(std::string_view if_match,
                                            std::string_view if_none_match) {
  if (if_match.empty() && if_none_match.empty()) return Precondition{Precondition::Kind::kMissing};
  if (if_match == "*") return Precondition{Precondition::Kind::kExists};
  if (if_match.empty() && if_none_match == "*") return Precondition{Precondition::Kind::kAbsent};
  if (const auto version = ParseTag(if_match)) {
    return Precondition{Precondition::Kind::kVersion, *version};
  }
  return Fail(Error::Invalid(if_match.empty() ? "If-None-Match" : "If-Match",
                             if_match.empty()
                                 ? "expected *: only a creation has it"
                                 : "expected * or one version's tag as ETag gave it: \"v3\""));
}

std::string VersionTag(std::int64_t version) {
  return "\"v" + std::to_string(version) + '"';
}

base::Result<void> CheckPrecondition(const Precondition& precondition,
                                     std::optional<std::int64_t> version) {
  using Kind = Precondition::Kind;
  switch (precondition.kind) {
    case Kind::kNotAsked:
      return {};
    case Kind::kMissing:
      if (!version) return {};
      return Fail(Error::Unguarded(
          "If-Match",
          "is missing: expected the ETag of the version that the change was made for, "
          "now " +
              VersionTag(*version) + ", or * to change whatever is there"));
    case Kind::kVersion:
      if (version == precondition.version) return {};
      return Fail(Outdated(version, "version " + std::to_string(precondition.version)));
    case Kind::kExists:
      if (version) return {};
      return Fail(Outdated(version, "something that exists"));
    case Kind::kAbsent:
      if (!version) return {};
      return Fail(Outdated(version, "something new"));
  }
  return {};
}

}  // namespace pennon::store
