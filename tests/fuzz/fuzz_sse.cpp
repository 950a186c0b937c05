// Reads bytes as a stream of events, whole and in pieces: the events are the same. Written out
// again, each of them reads as it was.
#include <string>
#include <vector>

#include "tests/fuzz/pieces.h"
#include "wire/event_stream.h"

namespace {

using namespace pennon;

using Events = std::vector<wire::StreamEvent>;

void Take(wire::EventStreamReader& reader, std::string_view bytes, Events& events) {
  const auto keep = [&](const wire::StreamEvent& event) { events.push_back(event); };
  if (!reader.Read(bytes, keep)) __builtin_trap();  // no input reaches the limit
}

std::string TextOf(const wire::StreamEvent& event) {
  std::string text = "event: " + event.name + "\nid: " + event.id + "\ndata: ";
  for (const char c : event.data) {
    text += c;
    if (c == '\n') text += "data: ";
  }
  return text + "\n\n";
}

bool AreSame(const Events& some, const Events& others) {
  return std::equal(some.begin(), some.end(), others.begin(), others.end(),
                    [](const wire::StreamEvent& a, const wire::StreamEvent& b) {
                      return a.name == b.name && a.id == b.id && a.data == b.data;
                    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  Events whole;
  wire::EventStreamReader at_once;
  Take(at_once, text, whole);
  Events parted;
  wire::EventStreamReader by_and_by;
  test::InPieces(text, data[0], [&](std::string_view piece) { Take(by_and_by, piece, parted); });
  if (!AreSame(whole, parted)) __builtin_trap();

  Events again;
  wire::EventStreamReader reader;
  for (const wire::StreamEvent& event : whole) Take(reader, TextOf(event), again);
  if (!AreSame(whole, again)) __builtin_trap();
  return 0;
}
