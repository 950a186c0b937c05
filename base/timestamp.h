// Instants as definitions and contexts write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pennon::base {

/// Microseconds since 1970 UTC of an RFC 3339 date and time with offset; digits of the fraction
/// beyond the sixth are dropped. None for any other text.
std::optional<std::int64_t> ParseTimestamp(std::string_view text);

/// Microseconds of a number of milliseconds, as attributes and definitions may give instants; none
/// when it is no finite number or more than 100 million years away.
std::optional<std::int64_t> MicrosOfMillis(double millis);
std::optional<std::int64_t> MicrosOfMillis(std::int64_t millis);

}  // namespace pennon::base
