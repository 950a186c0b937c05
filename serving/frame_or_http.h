// A socket that speaks frames and HTTP.
#pragma once

#include <functional>
#include <memory>

#include "net/stream_protocol.h"

namespace pennon::serving {

/// The first byte of a connection decides which of the two is made, once; confined to the
/// connection's worker.
std::unique_ptr<net::StreamProtocol> MakeFrameOrHttpProtocol(
    std::function<std::unique_ptr<net::StreamProtocol>()> make_frames,
    std::function<std::unique_ptr<net::StreamProtocol>()> make_http);

}  // namespace pennon::serving
