// Environment variables by which a service manager talks to the process that it starts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pennon::daemon {

/// The variable's value, "" when it is not set; removes it, so that no child takes it for its own.
/// Only before threads are started.
std::string TakeVariable(const char* name);

/// The whole text as a number, else `otherwise`.
std::int64_t NumberOr(std::string_view text, std::int64_t otherwise);

}  // namespace pennon::daemon
