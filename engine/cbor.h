// Items of deterministic CBOR (RFC 8949, 4.2.1), straight into the hash.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/hash.h"

namespace pennon::engine {

enum class CborMajor : std::uint8_t {
  kUnsigned = 0,
  kNegative = 1,
  kText = 3,
  kArray = 4,
  kMap = 5
};

inline constexpr unsigned char kCborFalse = 0xf4;
inline constexpr unsigned char kCborTrue = 0xf5;
inline constexpr unsigned char kCborNull = 0xf6;

/// The shortest head that holds the argument.
void HashCborHead(Murmur3& hash, CborMajor major, std::uint64_t argument);
void HashCborText(Murmur3& hash, std::string_view text);
void HashCborInt(Murmur3& hash, std::int64_t value);
/// A finite number that is not whole: as half, single or double, the shortest that is exact.
void HashCborFloat(Murmur3& hash, double value);

}  // namespace pennon::engine
