// HTTP/1.1 on a connection: parses requests out of the connection's buffer, writes answers into its
// output. Keep-alive and pipelining; Beast's parser, without its I/O.
#pragma once

#include <memory>

#include "net/http_message.h"
#include "net/stream_protocol.h"

namespace pennon::net {

struct HttpLimits {
  std::size_t max_header_bytes = std::size_t{16} * 1024;  // 431 beyond
  std::size_t max_body_bytes = std::size_t{1024} * 1024;  // 413 beyond
};

/// Writes the error answers that the protocol gives by itself (400, 413, 431, 501): their body.
using HttpErrorBody = std::function<std::string(int status, std::string_view what)>;

/// `handler` is not owned and must outlive the protocol. `remote`: what its requests say.
std::unique_ptr<StreamProtocol> MakeHttpProtocol(HttpHandler& handler, const HttpLimits& limits,
                                                 HttpErrorBody error_body, LateAnswer late,
                                                 std::string remote = {});

}  // namespace pennon::net
