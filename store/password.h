// Passwords: argon2id by libsodium, in its own text form ("$argon2id$v=19$m=65536,t=2,p=1$…").
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pennon::store {

inline constexpr std::size_t kMinPasswordBytes = 12;
inline constexpr std::size_t kMaxPasswordBytes = 200;

/// kInvalid, naming `where`, for one that is too short or too long.
base::Result<void> CheckPassword(std::string_view where, std::string_view password);

/// Takes 64 MiB and some tens of milliseconds. kUnavailable when there is no memory for it.
base::Result<std::string> HashPassword(std::string_view password);

/// Takes as long for a hash that is "", which no password matches.
bool MatchesPassword(const std::string& hash, std::string_view password);

}  // namespace pennon::store
