#include "engine/cbor.h"

#include <array>
#include <bit>

namespace pennon::engine {
namespace {

template <typename T>
std::size_t PutBigEndian(unsigned char* out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out[i] = static_cast<unsigned char>(value >> (8 * (sizeof(T) - 1 - i)));
  }
  return sizeof(T);
}

// The half-precision bits of a float, if it has exactly that value.
bool ToHalf(float value, std::uint16_t& half) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16U) & 0x8000U);
  const int exponent = static_cast<int>((bits >> 23U) & 0xffU) - 127;
  const std::uint32_t mantissa = bits & 0x7fffffU;
  if (exponent >= -14 && exponent <= 15) {
    if ((mantissa & 0x1fffU) != 0) return false;
    const auto biased = static_cast<std::uint32_t>(exponent + 15);
    half = static_cast<std::uint16_t>(sign | (biased << 10U) | (mantissa >> 13U));
    return true;
  }
  if (exponent < -24 || exponent > -15) return false;
  const std::uint32_t whole = mantissa | 0x800000U;
  const auto shift = static_cast<std::uint32_t>(-exponent - 1);  // 14 … 23
  if ((whole & ((1U << shift) - 1)) != 0) return false;
  half = static_cast<std::uint16_t>(sign | (whole >> shift));
  return true;
}

}  // namespace

void HashCborHead(Murmur3& hash, CborMajor major, std::uint64_t argument) {
  const auto type = static_cast<unsigned>(major) << 5U;
  if (argument < 24) return hash.Update(static_cast<unsigned char>(type | argument));
  std::array<unsigned char, 9> head;
  std::size_t size = 1;
  if (argument <= 0xff) {
    head[0] = static_cast<unsigned char>(type | 24U);
    size += PutBigEndian(&head[1], static_cast<std::uint8_t>(argument));
  } else if (argument <= 0xffff) {
    head[0] = static_cast<unsigned char>(type | 25U);
    size += PutBigEndian(&head[1], static_cast<std::uint16_t>(argument));
  } else if (argument <= 0xffffffff) {
    head[0] = static_cast<unsigned char>(type | 26U);
    size += PutBigEndian(&head[1], static_cast<std::uint32_t>(argument));
  } else {
    head[0] = static_cast<unsigned char>(type | 27U);
    size += PutBigEndian(&head[1], argument);
  }
  hash.Update(head.data(), size);
}

void HashCborText(Murmur3& hash, std::string_view text) {
  HashCborHead(hash, CborMajor::kText, text.size());
  hash.Update(text);
}

void HashCborInt(Murmur3& hash, std::int64_t value) {
  if (value >= 0) {
    HashCborHead(hash, CborMajor::kUnsigned, static_cast<std::uint64_t>(value));
  } else {
    HashCborHead(hash, CborMajor::kNegative, ~static_cast<std::uint64_t>(value));
  }
}

void HashCborFloat(Murmur3& hash, double value) {
  std::array<unsigned char, 9> item;
  std::size_t size = 1;
  std::uint16_t half = 0;
  const auto single = static_cast<float>(value);
  if (static_cast<double>(single) != value) {
    item[0] = 0xfb;
    size += PutBigEndian(&item[1], std::bit_cast<std::uint64_t>(value));
  } else if (ToHalf(single, half)) {
    item[0] = 0xf9;
    size += PutBigEndian(&item[1], half);
  } else {
    item[0] = 0xfa;
    size += PutBigEndian(&item[1], std::bit_cast<std::uint32_t>(single));
  }
  hash.Update(item.data(), size);
}

}  // namespace pennon::engine
