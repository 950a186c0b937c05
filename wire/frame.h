// Frames v1, the binary protocol of the Unix socket: header, types and primitives.
// docs/protocol.md is the specification; all integers are little-endian.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace pennon::wire {

static_assert(std::endian::native == std::endian::little, "frames are little-endian");

/// The first byte of every frame; no HTTP method begins with it.
inline constexpr unsigned char kFrameMagic = 0xf5;
inline constexpr std::size_t kFrameHeaderBytes = 12;
inline constexpr std::uint16_t kFrameProtocolVersion = 1;

enum class FrameType : std::uint8_t {
  kHello = 0x01,
  kEvaluate = 0x02,
  kBatch = 0x03,
  kPing = 0x04,
  kStatus = 0x05,
  kExplain = 0x06,
  kSubscribe = 0x07,
  kReport = 0x08,
  kOrder = 0x09,
  kMap = 0x0a,
  kWelcome = 0x81,
  kEvaluation = 0x82,
  kEvaluations = 0x83,
  kPong = 0x84,
  kStatusAnswer = 0x85,
  kExplanation = 0x86,
  kChanged = 0x87,
  kReported = 0x88,
  kOrderAnswer = 0x89,
  kMapped = 0x8a,
  kError = 0xff,
};

/// Bit of `flags` in evaluate and batch: send each flag's metadata along.
inline constexpr std::uint16_t kWantMetadata = 1;

/// As it lies in a frame.
struct FrameHeader {
  unsigned char magic = kFrameMagic;
  FrameType type = FrameType::kPing;
  std::uint16_t flags = 0;
  std::uint32_t id = 0;    // chosen by the client, repeated in the answer
  std::uint32_t size = 0;  // of the payload that follows
};
static_assert(sizeof(FrameHeader) == kFrameHeaderBytes);

/// Kinds of values in contexts and answers.
enum class FrameValue : std::uint8_t {
  kNull = 0,
  kFalse = 1,
  kTrue = 2,
  kInt = 3,
  kDouble = 4,
  kString = 5,
  kArray = 6,
  kObject = 7,
  kJson = 8,  // in answers: an object or array as JSON text
};

/// Decodes the first kFrameHeaderBytes of `bytes`; none when there are fewer or the magic is wrong.
inline std::optional<FrameHeader> DecodeFrameHeader(std::string_view bytes) {
  FrameHeader header;
  if (bytes.size() < sizeof(header)) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.magic != kFrameMagic) return std::nullopt;
  return header;
}

/// Writes one frame: header, then what the caller puts. The pieces are collected, because most
/// frames are a handful of small ones; the frame is in `out` when the writer goes out of scope.
/// When there is no memory it throws, and what `out` has got is of no use.
class FrameWriter {
 public:
  FrameWriter(std::string& out, FrameType type, std::uint16_t flags, std::uint32_t id);
  ~FrameWriter();
  FrameWriter(const FrameWriter&) = delete;
  FrameWriter& operator=(const FrameWriter&) = delete;

  /// Values, one after another without padding.
  template <typename... Ts>
  FrameWriter& Put(Ts... values) {
    static_assert((sizeof(Ts) + ...) <= kCollected);
    if (kCollected - collected_size_ < (sizeof(Ts) + ...)) LongBytes({});
    char* next = collected_.data() + collected_size_;
    ((std::memcpy(next, &values, sizeof(values)), next += sizeof(values)), ...);
    collected_size_ += (sizeof(Ts) + ...);
    return *this;
  }
  FrameWriter& Bytes(std::string_view bytes) {
    if (bytes.size() > kCollected - collected_size_) return LongBytes(bytes);
    collected_size_ += bytes.copy(collected_.data() + collected_size_, bytes.size());
    return *this;
  }
  /// A text with its length in 16 bits; longer ones are cut at a character.
  FrameWriter& Text16(std::string_view text) {
    if (text.size() > kMaxText16) text = CutAtCharacter(text);
    return Put(static_cast<std::uint16_t>(text.size())).Bytes(text);
  }
  /// A text with its length in 32 bits.
  FrameWriter& Text32(std::string_view text) {
    return Put(static_cast<std::uint32_t>(text.size())).Bytes(text);
  }

 private:
  static constexpr std::size_t kCollected = 120;
  static constexpr std::size_t kMaxText16 = 0xffff;

  static std::string_view CutAtCharacter(std::string_view text);
  FrameWriter& LongBytes(std::string_view bytes);
  void Flush();
  void MakeRoom();

  std::string& out_;
  std::size_t start_;                       // of the frame in `out_`
  std::size_t collected_size_ = 0;          // not yet in `out_`
  std::array<char, kCollected> collected_;  // the first collected_size_ are set
};

/// Reads primitives; after the first that does not fit everything reads as zero and `ok` is false.
class FrameReader {
 public:
  explicit FrameReader(std::string_view payload)
      : next_(payload.data()), end_(payload.data() + payload.size()) {}

  template <typename T>
  T Get() {
    T value{};
    if (left() < sizeof(T)) {
      ok_ = false;
      return value;
    }
    std::memcpy(&value, next_, sizeof(T));
    next_ += sizeof(T);
    return value;
  }
  std::string_view Text16() { return Bytes(Get<std::uint16_t>()); }
  std::string_view Text32() { return Bytes(Get<std::uint32_t>()); }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool AtEnd() const { return next_ == end_; }
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - next_); }

 private:
  std::string_view Bytes(std::size_t size) {
    if (left() < size) {
      ok_ = false;
      return {};
    }
    const std::string_view bytes(next_, size);
    next_ += size;
    return bytes;
  }

  const char* next_;
  const char* end_;
  bool ok_ = true;
};

/// Appends an error frame.
void AppendFrameError(std::string& out, std::uint32_t id, const base::Error& error);

}  // namespace pennon::wire
