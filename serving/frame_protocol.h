// Frames v1 on a connection: decodes requests, asks the evaluation service, encodes answers.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/stream_protocol.h"
#include "serving/evaluation_service.h"

namespace pennon::serving {

/// Answers the question for the program's status (a JSON object) through `done`, from any thread.
using StatusRequest = std::function<void(std::function<void(std::string json)> done)>;

struct FrameProtocolOptions {
  std::string server_name;  // "pennond 0.1.0", for the welcome
  StatusRequest status;
};

/// `service` and `options` are not owned and must outlive the protocol.
std::unique_ptr<net::StreamProtocol> MakeFrameProtocol(EvaluationService& service,
                                                       const FrameProtocolOptions& options,
                                                       net::LateAnswer late);

/// The protocol of a socket that speaks both: the first byte of a connection decides.
std::unique_ptr<net::StreamProtocol> MakeFrameOrHttpProtocol(
    std::function<std::unique_ptr<net::StreamProtocol>()> make_frames,
    std::function<std::unique_ptr<net::StreamProtocol>()> make_http);

}  // namespace pennon::serving
