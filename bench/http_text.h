// Just enough of HTTP for a load whose answers are known.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pennon::bench {

/// A POST of JSON.
std::string HttpRequest(std::string_view path, std::string_view body);

/// A blocking descriptor: `target` is a port of loopback, or the path of a Unix socket.
int ConnectHttp(const std::string& target);

/// Bytes of the answer that `text` begins with; 0 when it is not all there. Aborts unless it is
/// 200.
std::size_t HttpAnswerSize(std::string_view text);

}  // namespace pennon::bench
