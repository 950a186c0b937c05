// How an attribute of a context compares with a literal of the image. Types are strict: true is not
// 1 and "1" is not 1, but 1 equals 1.0.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "engine/hash.h"
#include "engine/image.h"
#include "model/context.h"

namespace pennon::engine {

inline char LowerAscii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// `lower` is in lower case already.
inline bool EqualIgnoringCase(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(),
                    [](char a, char b) { return LowerAscii(a) == b; });
}

/// Whether `part` stands in `text`, in time that grows with both and not with their product.
inline bool HasPart(std::string_view text, std::string_view part) {
  return part.empty() || ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

/// The int64 that `number` is, if it is one: 3.0 -> 3.
inline std::optional<std::int64_t> WholeNumber(double number) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  if (!(number >= -kLimit && number < kLimit) || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

/// A scalar in the form that literals have, but for long strings: those have no offset.
struct Scalar {
  LiteralKind kind = LiteralKind::kBool;
  std::uint64_t payload = 0;
  std::string_view text;

  [[nodiscard]] bool IsLongText() const { return text.size() > kInlineText; }
};

/// Text of up to kInlineText bytes as a word, padded by zeros.
inline std::uint64_t PackText(std::string_view text) {
  const std::size_t size = text.size();
  const auto two_words = [&]<typename Word>(Word first) {
    Word last;
    std::memcpy(&first, text.data(), sizeof(Word));
    std::memcpy(&last, text.data() + size - sizeof(Word), sizeof(Word));
    return std::uint64_t{first} | std::uint64_t{last} << (8 * (size - sizeof(Word)));
  };
  if (size >= 4) return two_words(std::uint32_t{});
  if (size >= 2) return two_words(std::uint16_t{});
  return size == 0 ? 0 : static_cast<unsigned char>(text.front());
}

inline Scalar ScalarOf(bool value) {
  return {LiteralKind::kBool, value ? 1U : 0U, {}};
}
inline Scalar ScalarOf(std::int64_t value) {
  return {LiteralKind::kInt, static_cast<std::uint64_t>(value), {}};
}
inline Scalar ScalarOf(double value) {
  if (const auto whole = WholeNumber(value)) return ScalarOf(*whole);
  return {LiteralKind::kDouble, std::bit_cast<std::uint64_t>(value), {}};
}
inline Scalar ScalarOf(std::string_view value) {
  return {LiteralKind::kString, value.size() > kInlineText ? 0 : PackText(value), value};
}

/// None for null, arrays and objects.
inline std::optional<Scalar> ScalarOf(const model::Attribute& attribute) {
  switch (attribute.kind()) {
    case model::AttributeKind::kBool:
      return ScalarOf(attribute.boolean());
    case model::AttributeKind::kInt:
      return ScalarOf(attribute.integer());
    case model::AttributeKind::kDouble:
      return ScalarOf(attribute.number());
    case model::AttributeKind::kString:
      return ScalarOf(attribute.text());
    case model::AttributeKind::kNull:
    case model::AttributeKind::kArray:
    case model::AttributeKind::kObject:
      break;
  }
  return std::nullopt;
}

inline std::uint64_t HashScalar(const Scalar& scalar, std::uint64_t seed) {
  if (scalar.kind == LiteralKind::kString) return Hash64(scalar.text, seed);
  std::array<char, 8> bytes;
  std::memcpy(bytes.data(), &scalar.payload, bytes.size());
  return Hash64({bytes.data(), bytes.size()}, seed + 1 + static_cast<std::uint64_t>(scalar.kind));
}

/// What the operator `type` calls an attribute; integers are numbers.
enum class AttributeType : std::uint8_t { kBoolean, kNumber, kString, kArray, kObject };

/// Not of null, which counts as missing.
inline AttributeType TypeOf(const model::Attribute& attribute) {
  switch (attribute.kind()) {
    case model::AttributeKind::kBool:
      return AttributeType::kBoolean;
    case model::AttributeKind::kString:
      return AttributeType::kString;
    case model::AttributeKind::kArray:
      return AttributeType::kArray;
    case model::AttributeKind::kObject:
      return AttributeType::kObject;
    case model::AttributeKind::kInt:
    case model::AttributeKind::kDouble:
    case model::AttributeKind::kNull:
      break;
  }
  return AttributeType::kNumber;
}

/// A literal's number as a long double, which holds every int64 and every double exactly.
inline long double NumberOf(LiteralKind kind, std::uint64_t payload) {
  return kind == LiteralKind::kInt ? static_cast<long double>(static_cast<std::int64_t>(payload))
                                   : static_cast<long double>(std::bit_cast<double>(payload));
}

}  // namespace pennon::engine
