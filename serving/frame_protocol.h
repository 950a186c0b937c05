// Frames v1 on a connection: decodes requests, asks the evaluation service, encodes answers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "net/stream_protocol.h"
#include "serving/evaluation_service.h"
#include "serving/grant.h"
#include "serving/subscriber.h"

namespace pennon::serving {

/// Answers the question for the program's status (a JSON object), as far as the viewer may see it,
/// through `done`, from any thread.
using StatusRequest = std::function<void(Grant viewer, std::function<void(std::string json)> done)>;

/// An order of an operator: a verb of docs/protocol.md and what it is about.
struct Order {
  std::string verb;
  std::string environment;  // "": the only one there is
  std::string argument;
  std::uint32_t uid = 0;  // who gave it
};
/// Carries an order out and answers with JSON, through `done`, from any thread. Whoever calls it
/// has seen that the caller may.
using OrderRequest =
    std::function<void(Order order, std::function<void(base::Result<std::string> json)> done)>;

/// Tells a subscriber of changes of an environment from now on. With `tell_always` also what is in
/// force already, else only when that is not the `known` version.
using Subscribe = std::function<void(std::string environment, std::string known, bool tell_always,
                                     std::shared_ptr<Subscriber> subscriber)>;

/// What is empty is answered as unavailable.
struct FrameProtocolOptions {
  std::string server_name;  // "pennond 0.1.0", for the welcome
  StatusRequest status;
  Subscribe subscribe;
  OrderRequest order;
};

/// `service` and `options` are not owned and must outlive the protocol.
std::unique_ptr<net::StreamProtocol> MakeFrameProtocol(EvaluationService& service,
                                                       const FrameProtocolOptions& options,
                                                       net::LateAnswer late, Grant grant = {});

}  // namespace pennon::serving
