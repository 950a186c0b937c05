#include "wire/frame_writer.h"

namespace pennon::wire {

// For the frame at hand, and for as much as was written to the room before.
void FrameWriter::Grow(std::size_t size) {
  constexpr std::size_t kAhead = 120;
  const std::size_t before = room_ == nullptr ? 0 : end_ - room_->begin_;
  out_.resize(end_ + size + kAhead + before);
}

std::string_view FrameWriter::CutAtCharacter(std::string_view text) {
  const auto is_continuation = [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
  };
  std::size_t end = kMaxText16;
  while (end > 0 && is_continuation(text[end])) --end;
  return text.substr(0, end);
}

void AppendFrameError(std::string& out, std::uint32_t id, const base::Error& error) {
  FrameWriter frame(out, FrameType::kError, 0, id);
  frame.Put(static_cast<std::uint16_t>(error.code())).Text16(error.Message());
}

}  // namespace pennon::wire
