#include "wire/frame_writer.h"

namespace pennon::wire {

namespace {
constexpr std::size_t kAhead = 120;
}

void FrameRoom::Grow(std::size_t bytes) {
  const std::size_t end = size();
  out_.resize(end + bytes + kAhead + (end - begin_));
  spare_ = out_.size() - end;
}

void FrameWriter::Grow(std::size_t size) {
  if (room_ == nullptr) {
    out_.resize(end_ + size + kAhead);
  } else {
    room_->spare_ = out_.size() - end_;
    room_->Grow(size);
  }
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
  const bool is_passing = error.code() == base::ErrorCode::kNoMemory;
  const auto code = is_passing ? base::ErrorCode::kUnavailable : error.code();
  frame.Put(static_cast<std::uint16_t>(code)).Text16(error.Message());
}

}  // namespace pennon::wire
