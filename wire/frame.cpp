#include "wire/frame.h"

namespace pennon::wire {
namespace {

constexpr std::size_t kMaxText16 = 0xffff;

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

}  // namespace

std::optional<FrameHeader> DecodeFrameHeader(std::string_view bytes) {
  FrameReader reader(bytes);
  if (reader.Get<std::uint8_t>() != kFrameMagic) return std::nullopt;
  FrameHeader header;
  header.type = static_cast<FrameType>(reader.Get<std::uint8_t>());
  header.flags = reader.Get<std::uint16_t>();
  header.id = reader.Get<std::uint32_t>();
  header.size = reader.Get<std::uint32_t>();
  return header;
}

FrameWriter::FrameWriter(std::string& out, FrameType type, std::uint16_t flags, std::uint32_t id)
    : out_(out), start_(out.size()) {
  PutAll(kFrameMagic, static_cast<std::uint8_t>(type), flags, id, std::uint32_t{0});
}

FrameWriter::~FrameWriter() {
  const auto size = static_cast<std::uint32_t>(out_.size() - start_ - kFrameHeaderBytes);
  std::memcpy(out_.data() + start_ + kFrameHeaderBytes - sizeof(size), &size, sizeof(size));
}

FrameWriter& FrameWriter::Text16(std::string_view text) {
  if (text.size() > kMaxText16) {
    std::size_t end = kMaxText16;
    while (end > 0 && IsContinuation(text[end])) --end;
    text = text.substr(0, end);
  }
  Put(static_cast<std::uint16_t>(text.size()));
  out_.append(text);
  return *this;
}

FrameWriter& FrameWriter::Text32(std::string_view text) {
  Put(static_cast<std::uint32_t>(text.size()));
  out_ += text;
  return *this;
}

void AppendFrameError(std::string& out, std::uint32_t id, const base::Error& error) {
  FrameWriter frame(out, FrameType::kError, 0, id);
  frame.Put(static_cast<std::uint16_t>(error.code())).Text16(error.Message());
}

}  // namespace pennon::wire
