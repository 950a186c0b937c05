// What the store's streams of events (text/event-stream) have in common.
#pragma once

#include <string>
#include <string_view>

#include "net/http_message.h"

namespace pennon::store {

/// The last event of every stream that the store ends.
inline constexpr std::string_view kGoodbye = "event: goodbye\ndata: {}\n\n";
/// A comment: a connection that is gone shows when it is sent.
inline constexpr std::string_view kSignOfLife = ":\n\n";

/// The status and headers with which a stream begins.
net::HttpResponse EventStreamHead();
/// `data` may have several lines.
std::string EventText(std::string_view name, std::string_view id, std::string_view data);

}  // namespace pennon::store
