// Frames v1, the binary protocol of the Unix socket: header, types and reading primitives.
// docs/protocol.md is the specification; all integers are little-endian.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

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

/// Reads the first kFrameHeaderBytes of `bytes`; false when there are fewer or the magic is wrong.
inline bool ReadFrameHeader(std::string_view bytes, FrameHeader& header) {
  if (bytes.size() < sizeof(header)) return false;
  std::memcpy(&header, bytes.data(), sizeof(header));
  return header.magic == kFrameMagic;
}
/// The same; slower, as an optional is copied while the processor still writes it.
inline std::optional<FrameHeader> DecodeFrameHeader(std::string_view bytes) {
  FrameHeader header;
  if (!ReadFrameHeader(bytes, header)) return std::nullopt;
  return header;
}

/// Reads primitives; after the first that does not fit everything reads as zero and `ok` is false.
class FrameReader {
 public:
  explicit FrameReader(std::string_view payload)
      : next_(payload.data()), end_(payload.data() + payload.size()) {}

  template <typename T>
  T Get() {
    T value{};
    if (!Read(value)) ok_ = false;
    return value;
  }
  std::string_view Text16() { return Bytes(Get<std::uint16_t>()); }
  std::string_view Text32() { return Bytes(Get<std::uint32_t>()); }

  /// Of Get and the texts.
  [[nodiscard]] bool ok() const { return ok_; }

  // The same for who stops at the first that does not fit: false, and `ok` does not know of it.
  template <typename T>
  [[nodiscard]] bool Read(T& value) {
    if (left() < sizeof(T)) return false;
    std::memcpy(&value, next_, sizeof(T));
    next_ += sizeof(T);
    return true;
  }
  /// A text with its length, a `Size`, before it.
  template <typename Size>
  [[nodiscard]] bool ReadText(std::string_view& text) {
    Size size;
    return Read(size) && ReadBytes(size, text);
  }
  /// The same, and the value behind it.
  template <typename Size, typename T>
  [[nodiscard]] bool ReadTextAnd(std::string_view& text, T& value) {
    Size size;
    if (!Read(size) || left() < size + sizeof(T)) return false;
    text = {next_, size};
    std::memcpy(&value, next_ + size, sizeof(T));
    next_ += size + sizeof(T);
    return true;
  }

  /// Where the next is read.
  [[nodiscard]] const char* next() const { return next_; }
  /// What is not read yet.
  [[nodiscard]] std::string_view rest() const { return {next_, left()}; }
  [[nodiscard]] bool AtEnd() const { return next_ == end_; }
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - next_); }

 private:
  [[nodiscard]] bool ReadBytes(std::size_t size, std::string_view& bytes) {
    if (left() < size) return false;
    bytes = {next_, size};
    next_ += size;
    return true;
  }
  std::string_view Bytes(std::size_t size) {
    std::string_view bytes;
    if (!ReadBytes(size, bytes)) ok_ = false;
    return bytes;
  }

  const char* next_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace pennon::wire
