// Paths and queries of requests: percent-decoding and the slashes that clients double.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pennon::serving {

/// Decodes %XX once; '+' stays. None when a '%' is not followed by two hexadecimal digits.
std::optional<std::string> PercentDecode(std::string_view text);

/// The value of the first parameter of that name in a query, percent-decoded ('+' stays); none when
/// there is no such parameter or it is wrongly encoded.
std::optional<std::string> QueryParameter(std::string_view query, std::string_view name);

/// A base URL with a trailing slash makes clients ask for `//ofrep/…`: leading slashes count as
/// one.
std::string_view WithoutDoubleSlash(std::string_view path);

}  // namespace pennon::serving
