// Instants as definitions and contexts write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pennon::base {

/// Microseconds since 1970 UTC of an RFC 3339 date and time with offset; digits of the fraction
/// beyond the sixth are dropped. None for any other text.
std::optional<std::int64_t> ParseTimestamp(std::string_view text);

/// The RFC 3339 text of an instant, in UTC, with as many digits of the fraction as it has; `always`
/// for the first and `never` for the last instant that there is.
std::string FormatTimestamp(std::int64_t micros);

/// Microseconds of a number of milliseconds, as attributes and definitions may give instants; none
/// when it is no finite number or more than 95 000 years away.
std::optional<std::int64_t> MicrosOfMillis(double millis);
std::optional<std::int64_t> MicrosOfMillis(std::int64_t millis);

}  // namespace pennon::base
