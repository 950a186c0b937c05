// Which version a change was made for, so that nobody overwrites what they have not seen.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace pennon::store {

struct Precondition {
  enum class Kind : std::uint8_t {
    kNotAsked,  // a change that has none to give: from the command line, an import
    kMissing,   // a caller that should have said it and did not
    kVersion,   // If-Match: "v3"
    kExists,    // If-Match: *
    kAbsent,    // If-None-Match: *
  };
  Kind kind = Kind::kNotAsked;
  std::int64_t version = 0;
};

/// The two headers of a request; kInvalid when one of them is neither a version nor `*`.
base::Result<Precondition> ReadPrecondition(std::string_view if_match,
                                            std::string_view if_none_match);

/// `"v3"`, the entity tag of a version.
std::string VersionTag(std::int64_t version);

/// Whether a change of what is at `version` (none: there is nothing yet) may be made: kUnguarded
/// or kOutdated when not. Something new needs no precondition.
base::Result<void> CheckPrecondition(const Precondition& precondition,
                                     std::optional<std::int64_t> version);

}  // namespace pennon::store
