#include "wire/frame.h"

namespace pennon::wire {

FrameWriter::FrameWriter(std::string& out, FrameType type, std::uint16_t flags, std::uint32_t id)
    : out_(out), start_(out.size()) {
  MakeRoom();
  Put(FrameHeader{kFrameMagic, type, flags, id, 0});
}

FrameWriter::~FrameWriter() {
  const auto size = static_cast<std::uint32_t>(out_.size() - start_ + collected_size_);
  const auto payload = static_cast<std::uint32_t>(size - kFrameHeaderBytes);
  char* const begin = out_.size() == start_ ? collected_.data() : out_.data() + start_;
  std::memcpy(begin + kFrameHeaderBytes - sizeof(payload), &payload, sizeof(payload));
  Flush();
}

// So that what is collected can always be flushed: the destructor must not throw.
void FrameWriter::MakeRoom() {
  out_.reserve(out_.size() + kCollected);
}

void FrameWriter::Flush() {
  out_.append(collected_.data(), collected_size_);
  collected_size_ = 0;
}

FrameWriter& FrameWriter::LongBytes(std::string_view bytes) {
  Flush();
  out_.append(bytes);
  MakeRoom();
  return *this;
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
