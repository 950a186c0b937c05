#include "wire/event_stream.h"

#include <doctest/doctest.h>

#include <vector>

namespace pennon::wire {
namespace {

std::string Read(EventStreamReader& reader, std::string_view bytes) {
  std::string told;
  const bool is_fine = reader.Read(bytes, [&](const StreamEvent& event) {
    told += '<' + event.name + '|' + event.id + '|' + event.data + '>';
  });
  return is_fine ? told : told + "!";
}

constexpr std::string_view kStream =
    "\xef\xbb\xbf:hello\n\nevent: delta\nid: 1.2\ndata: one\ndata:two\n\n"
    "event: lost\n\ndata\r\n\r\nnonsense: 1\rdata: x\r\rdata: cut off";

}  // namespace

TEST_CASE("events are read however the stream is cut into pieces") {
  const std::string expected = "<delta|1.2|one\ntwo><message|1.2|><message|1.2|x>";
  EventStreamReader whole;
  CHECK(Read(whole, kStream) == expected);
  for (std::size_t cut = 0; cut < kStream.size(); ++cut) {
    EventStreamReader reader;
    const std::string first = Read(reader, kStream.substr(0, cut));
    CHECK(first + Read(reader, kStream.substr(cut)) == expected);
  }
  EventStreamReader reader;
  std::string told;
  for (const char byte : kStream) told += Read(reader, {&byte, 1});
  CHECK(told == expected);
}

TEST_CASE("a comment or an event is a sign of life, unless another event is half read") {
  EventStreamReader reader;
  CHECK(!reader.TakeSignOfLife());
  Read(reader, ":\n\n");
  CHECK(reader.TakeSignOfLife());
  CHECK(!reader.TakeSignOfLife());
  Read(reader, ":\n\nevent: delta\ndata: a");
  CHECK(!reader.TakeSignOfLife());
  Read(reader, "b\n");
  CHECK(!reader.TakeSignOfLife());
  Read(reader, "\n");
  CHECK(reader.TakeSignOfLife());
  Read(reader, "HTTP/1.1 429 X\r\nRetry-After: 1\r\n\r\n");
  CHECK(!reader.TakeSignOfLife());
}

TEST_CASE("a line or an event over the limit ends the reading") {
  const std::string value(kMaxStreamEventBytes - 6, 'x');
  EventStreamReader reader;
  CHECK(Read(reader, "data: " + value + "\n\n").size() > value.size());
  EventStreamReader long_line;
  CHECK(Read(long_line, "data: " + value + "x").ends_with("!"));
  EventStreamReader long_event;
  CHECK(Read(long_event, "data: " + value + "\ndata: 1234\n").empty());
  CHECK(Read(long_event, "data: 5\n").ends_with("!"));
}

}  // namespace pennon::wire
