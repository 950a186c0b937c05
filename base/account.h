// Users and groups of this host, by name or by number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pennon::base {

/// A number of a user or group. Not the one that means "unchanged" to the kernel.
Result<std::uint32_t> ParseAccountNumber(std::string_view text);

/// A name, or else a number, which need not be known here: in containers hardly any is. The error
/// says that there is none; its place is the caller's to give. Reads the host's databases, so it
/// may block.
Result<std::uint32_t> UserId(const std::string& name);
Result<std::uint32_t> GroupId(const std::string& name);

}  // namespace pennon::base
