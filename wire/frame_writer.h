// Writing frames v1: primitives, one after another, where they stay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"
#include "wire/frame.h"

namespace pennon::wire {

/// Writes values to `next`, one after another without padding; returns where they end.
template <typename... Ts>
[[gnu::always_inline]] inline char* Lay(char* next, Ts... values) {
  ((std::memcpy(next, &values, sizeof(values)), next += sizeof(values)), ...);
  return next;
}

/// A string that several frames are written to, one after another: it is longer than they are, so
/// that room is made for many at once.
class FrameRoom {
 public:
  explicit FrameRoom(std::string& out) : out_(out), begin_(out.size()) {}
  ~FrameRoom() { Trim(); }
  FrameRoom(const FrameRoom&) = delete;
  FrameRoom& operator=(const FrameRoom&) = delete;

  /// The string with no more than the frames, for what is not written by a FrameWriter. Until the
  /// next one begins.
  std::string& Trim() {
    out_.resize(size());
    spare_ = 0;
    return out_;
  }
  /// Of the string without the room.
  [[nodiscard]] std::size_t size() const { return out_.size() - spare_; }
  /// Takes back what was written since that was `size`. Until the next frame begins.
  void TakeBack(std::size_t size) {
    out_.resize(size);
    spare_ = 0;
  }
  /// The place of a frame of `bytes`, for who writes all of it at once.
  char* Take(std::size_t bytes) {
    if (spare_ < bytes) [[unlikely]] {
      Grow(bytes);
    }
    char* const place = out_.data() + size();
    spare_ -= bytes;
    return place;
  }

 private:
  friend class FrameWriter;
  /// For `bytes` more, and for as much as there is already.
  [[gnu::noinline]] void Grow(std::size_t bytes);

  std::string& out_;
  std::size_t begin_;      // of the first frame
  std::size_t spare_ = 0;  // bytes at the end of `out_` that nobody has written
};

/// Writes one frame: header, then what the caller puts. The string has more bytes than the frame
/// while the writer lives: what most frames need is there at once, and written where it stays. When
/// there is no memory it throws, and what the string has got is of no use.
class FrameWriter {
 public:
  FrameWriter(std::string& out, FrameType type, std::uint16_t flags, std::uint32_t id)
      : FrameWriter(out, nullptr, out.size(), FrameHeader{kFrameMagic, type, flags, id, 0}) {}
  FrameWriter(FrameRoom& room, FrameType type, std::uint16_t flags, std::uint32_t id)
      : FrameWriter(room.out_, &room, room.size(), FrameHeader{kFrameMagic, type, flags, id, 0}) {}
  ~FrameWriter() {
    const auto payload = static_cast<std::uint32_t>(payload_size());
    std::memcpy(out_.data() + start_ + kFrameHeaderBytes - sizeof(payload), &payload,
                sizeof(payload));
    if (room_ == nullptr) {
      out_.resize(end_);
    } else {
      room_->spare_ = out_.size() - end_;
    }
  }
  FrameWriter(const FrameWriter&) = delete;
  FrameWriter& operator=(const FrameWriter&) = delete;

  /// Values, one after another without padding.
  template <typename... Ts>
  FrameWriter& Put(Ts... values) {
    Lay(Room((sizeof(Ts) + ...)), values...);
    return *this;
  }
  FrameWriter& Bytes(std::string_view bytes) {
    bytes.copy(Room(bytes.size()), bytes.size());
    return *this;
  }
  /// A text with its length in 16 bits; longer ones are cut at a character.
  FrameWriter& Text16(std::string_view text) {
    if (text.size() > kMaxText16) text = CutAtCharacter(text);
    return Text<std::uint16_t>(text);
  }
  /// Of what is written, without the header.
  [[nodiscard]] std::size_t payload_size() const { return end_ - start_ - kFrameHeaderBytes; }
  /// A text with its length in 32 bits.
  FrameWriter& Text32(std::string_view text) { return Text<std::uint32_t>(text); }

 private:
  static constexpr std::size_t kMaxText16 = 0xffff;

  FrameWriter(std::string& out, FrameRoom* room, std::size_t start, const FrameHeader& header)
      : out_(out), room_(room), start_(start), end_(start) {
    Put(header);
  }

  static std::string_view CutAtCharacter(std::string_view text);
  template <typename Size>
  FrameWriter& Text(std::string_view text) {
    const auto size = static_cast<Size>(text.size());
    char* const room = Room(sizeof(size) + text.size());
    std::memcpy(room, &size, sizeof(size));
    text.copy(room + sizeof(size), text.size());
    return *this;
  }
  /// Where the next `size` bytes of the frame are.
  char* Room(std::size_t size) {
    if (out_.size() - end_ < size) [[unlikely]] {
      Grow(size);
    }
    char* const room = out_.data() + end_;
    end_ += size;
    return room;
  }
  [[gnu::noinline]] void Grow(std::size_t size);

  std::string& out_;
  FrameRoom* room_;    // null: this frame is the only one
  std::size_t start_;  // of the frame in `out_`
  std::size_t end_;    // of what is written
};

/// Appends an error frame.
void AppendFrameError(std::string& out, std::uint32_t id, const base::Error& error);

}  // namespace pennon::wire
