#include "wire/event_stream.h"

#include <utility>

namespace pennon::wire {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

bool EventStreamReader::Read(std::string_view bytes, const OnEvent& on_event) {
  for (const char byte : bytes) {
    if (byte == '\n' && std::exchange(was_return_, false)) continue;
    was_return_ = byte == '\r';
    if (byte == '\n' || byte == '\r') {
      if (!OnLine(on_event)) return false;
      line_.clear();
    } else {
      if (line_.size() == kMaxStreamEventBytes) return false;
      line_ += byte;
    }
  }
  return true;
}

bool EventStreamReader::TakeSignOfLife() {
  return line_.empty() && !is_inside_ && std::exchange(has_sign_, false);
}

bool EventStreamReader::OnLine(const OnEvent& on_event) {
  std::string_view line = line_;
  if (std::exchange(is_first_, false) && line.starts_with(kByteOrderMark)) {
    line.remove_prefix(kByteOrderMark.size());
  }
  if (line.empty()) {
    Dispatch(on_event);
    return true;
  }
  const std::size_t colon = line.find(':');
  if (colon == 0) {
    has_sign_ = true;
    return true;
  }
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  is_inside_ = is_inside_ || field == "event" || field == "id" || field == "data";
  if (field == "event") {
    event_.name = value;
  } else if (field == "id") {
    if (value.find('\0') == std::string_view::npos) event_.id = value;
  } else if (field == "data") {
    if (event_.data.size() + value.size() + 1 > kMaxStreamEventBytes) return false;
    if (std::exchange(has_data_, true)) event_.data += '\n';
    event_.data += value;
  }
  return true;  // also fields that are not known
}

void EventStreamReader::Dispatch(const OnEvent& on_event) {
  if (has_data_) {
    if (event_.name.empty()) event_.name = "message";
    on_event(event_);
    has_sign_ = true;
  }
  event_.name.clear();
  event_.data.clear();
  has_data_ = is_inside_ = false;
}

}  // namespace pennon::wire
