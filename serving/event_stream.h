// OFREP's event stream (ADR-0008 of its project): server-sent events that tell a provider to
// evaluate all its flags again.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/http_message.h"
#include "serving/subscriber.h"

namespace pennon::serving {

/// Where the events are; named in bulk answers.
inline constexpr std::string_view kEventsPath = "/ofrep/v1/events";

/// The value of a bulk answer's `eventStreams`: one stream at the provider's own base URL, which
/// begins with an event when `version` is no longer in force. `ticket` stands for the bearer token,
/// that browsers cannot send with an event stream; "" when none is wanted.
std::string EventStreamsJson(std::string_view version, std::string_view ticket);

/// The version that a client which connects to the stream knows: its Last-Event-ID when it has had
/// an event before, else what its bulk answer was made from; "" when it says neither.
std::string KnownVersion(const net::HttpRequest& request);

/// Sends the head of the stream and the time after which to connect again.
std::shared_ptr<Subscriber> OpenEventStream(const net::Later& late);

}  // namespace pennon::serving
