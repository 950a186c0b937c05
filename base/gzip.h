// gzip (RFC 1952). Source of the algorithm: zlib.
#pragma once

#include <string>
#include <string_view>

namespace pennon::base {

/// `text` compressed, fast rather than small.
std::string Gzip(std::string_view text);

/// True when an Accept-Encoding header allows gzip.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace pennon::base
