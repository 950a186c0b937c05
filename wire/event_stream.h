// Server-sent events (text/event-stream), read as they come. Source of the grammar: WHATWG HTML,
// "Server-sent events".
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace pennon::wire {

/// The longest line, and the most data of one event, that is read.
inline constexpr std::size_t kMaxStreamEventBytes = std::size_t{1} << 20U;

struct StreamEvent {
  std::string name;  // "message" when it has none
  std::string id;    // of this event or the last one before it that had one
  std::string data;  // lines joined with '\n'
};

/// Takes the stream's bytes in pieces of any size. Confined to one thread.
class EventStreamReader {
 public:
  using OnEvent = std::function<void(const StreamEvent&)>;

  /// Calls `on_event` for each event that is complete. False when the limit is exceeded: nothing
  /// that follows can be read then.
  [[nodiscard]] bool Read(std::string_view bytes, const OnEvent& on_event);

  /// Whether a comment or an event has come since the last call and nothing is half read: then the
  /// sender has said all that it had to say.
  [[nodiscard]] bool TakeSignOfLife();

 private:
  bool OnLine(const OnEvent& on_event);
  void Dispatch(const OnEvent& on_event);

  std::string line_;
  bool was_return_ = false;  // the last byte was CR: a LF belongs to it
  bool is_first_ = true;     // the first line may begin with a byte order mark
  StreamEvent event_;
  bool has_data_ = false;
  bool is_inside_ = false;  // an event has begun
  bool has_sign_ = false;
};

}  // namespace pennon::wire
