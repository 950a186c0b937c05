#include "store/event_text.h"

#include <algorithm>

namespace pennon::store {

net::HttpResponse EventStreamHead() {
  net::HttpResponse head;
  head.content_type = "text/event-stream";
  head.headers.emplace_back("Cache-Control", "no-store");
  head.headers.emplace_back("X-Accel-Buffering", "no");  // or nginx would collect events
  return head;
}

std::string EventText(std::string_view name, std::string_view id, std::string_view data) {
  std::string event = "event: " + std::string(name) + "\nid: " + std::string(id) + '\n';
  while (!data.empty()) {
    const std::string_view line = data.substr(0, data.find('\n'));
    event += "data: ";
    event += line;
    event += '\n';
    data.remove_prefix(std::min(data.size(), line.size() + 1));
  }
  return event + '\n';
}

}  // namespace pennon::store
