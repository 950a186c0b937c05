// The floor of the frame server: a bare Asio server that understands nothing.
#pragma once

#include <cstddef>
#include <string>

namespace pennon::bench {

/// Answers every `request_bytes` on the Unix socket `path` with the first `answer_bytes` of them:
/// reads all there is and writes once, with callbacks, on the calling thread. Does not return.
[[noreturn]] void ServeEcho(const std::string& path, std::size_t request_bytes,
                            std::size_t answer_bytes);

}  // namespace pennon::bench
