// Versions of flag sets as clients see them in event streams and subscriptions.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pennon::serving {

/// A place in the history of an environment.
struct SetVersion {
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  auto operator<=>(const SetVersion&) const = default;
};

/// "<epoch>.<revision>-<hash in hexadecimal>".
std::string VersionText(const SetVersion& version, std::uint64_t hash);

/// The place that a text as above names; its hash is passed over. None for anything else.
std::optional<SetVersion> ParseVersion(std::string_view text);

}  // namespace pennon::serving
