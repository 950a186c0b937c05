#include "base/json_text.h"

#include <array>
#include <charconv>
#include <cstring>

namespace pennon::base {
namespace {

void AppendEscaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kHex[byte >> 4U];
  out += kHex[byte & 15U];
}

bool NeedsEscape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;

// Whether any of the eight bytes is below `limit` (at most 0x80): a borrow out of a byte that is
// not may blame one above it, never where all are plain.
constexpr bool HasBelow(std::uint64_t word, unsigned char limit) {
  return ((word - kOnes * limit) & ~word & kHighs) != 0;
}
constexpr bool HasByte(std::uint64_t word, char c) {
  return HasBelow(word ^ (kOnes * static_cast<unsigned char>(c)), 1);
}

// Where the first byte from `i` on is that needs an escape; the size of the text when none does.
std::size_t FindEscape(std::string_view text, std::size_t i) {
  for (; i + sizeof(std::uint64_t) <= text.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, sizeof(word));
    if (HasBelow(word, 0x20) || HasByte(word, '"') || HasByte(word, '\\')) break;
  }
  while (i < text.size() && !NeedsEscape(text[i])) ++i;
  return i;
}

template <typename T>
void AppendNumber(std::string& out, T value) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), end.ptr);
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  std::size_t start = 0;
  for (std::size_t i = FindEscape(text, 0); i < text.size(); i = FindEscape(text, start)) {
    out.append(text, start, i - start);
    AppendEscaped(out, text[i]);
    start = i + 1;
  }
  out.append(text, start);
  out += '"';
}

void AppendJsonDouble(std::string& out, double value) {
  const std::size_t start = out.size();
  AppendNumber(out, value);
  if (out.find_first_of(".e", start) == std::string::npos) out += ".0";
}

void AppendJsonInt(std::string& out, std::int64_t value) {
  AppendNumber(out, value);
}
void AppendJsonUint(std::string& out, std::uint64_t value) {
  AppendNumber(out, value);
}

std::string& JsonObject::Key(std::string_view key) {
  if (!first_) out_ += ',';
  first_ = false;
  AppendJsonString(out_, key);
  out_ += ':';
  return out_;
}

JsonObject& JsonObject::String(std::string_view key, std::string_view value) {
  AppendJsonString(Key(key), value);
  return *this;
}
JsonObject& JsonObject::Int(std::string_view key, std::int64_t value) {
  AppendJsonInt(Key(key), value);
  return *this;
}
JsonObject& JsonObject::Uint(std::string_view key, std::uint64_t value) {
  AppendJsonUint(Key(key), value);
  return *this;
}
JsonObject& JsonObject::Bool(std::string_view key, bool value) {
  Key(key) += value ? "true" : "false";
  return *this;
}
JsonObject& JsonObject::Raw(std::string_view key, std::string_view json) {
  Key(key) += json;
  return *this;
}

}  // namespace pennon::base
