// A fast hash of text, and tables keyed by text that somebody else chose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace pennon::base {

namespace hash_detail {

__extension__ using Uint128 = unsigned __int128;

inline std::uint64_t Fold(std::uint64_t a, std::uint64_t b) {
  const Uint128 product = static_cast<Uint128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}
inline std::uint64_t Load8(const char* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, 8);
  return word;
}
inline std::uint64_t Load4(const char* bytes) {
  std::uint32_t word;
  std::memcpy(&word, bytes, 4);
  return word;
}
inline constexpr std::uint64_t kA = 0xa0761d6478bd642f;
inline constexpr std::uint64_t kB = 0xe7037ed1a0b428db;

}  // namespace hash_detail

/// A fast 64-bit hash of bytes by folded 64x64 multiplications (the construction of wyhash, Wang
/// Yi, public domain). Not for buckets, not against adversaries: tables try seeds until probes are
/// short.
inline std::uint64_t Hash64(std::string_view text, std::uint64_t seed) {
  using hash_detail::Fold, hash_detail::kA, hash_detail::kB, hash_detail::Load4, hash_detail::Load8;
  const char* next = text.data();
  std::size_t left = text.size();
  std::uint64_t state = seed ^ kA;
  for (; left > 16; left -= 16, next += 16) {
    state = Fold(Load8(next) ^ kB, Load8(next + 8) ^ state);
  }
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  if (left >= 8) {
    low = Load8(next);
    high = Load8(next + left - 8);
  } else if (left >= 4) {
    low = Load4(next);
    high = Load4(next + left - 4);
  } else if (left > 0) {
    low = std::uint64_t{static_cast<unsigned char>(next[0])} << 16U |
          std::uint64_t{static_cast<unsigned char>(next[left / 2])} << 8U |
          static_cast<unsigned char>(next[left - 1]);
  }
  return Fold(kB ^ text.size(), Fold(low ^ kB, high ^ state));
}

/// Drawn once in a process, so that nobody outside can choose keys that collide; the standard
/// library's own hash has a seed that everybody knows.
std::uint64_t TextHashSeed();

struct TextHash {
  using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard's name
  std::size_t operator()(std::string_view text) const { return Hash64(text, TextHashSeed()); }
};

template <typename Key, typename Value>
using TextMap = std::unordered_map<Key, Value, TextHash, std::equal_to<>>;
template <typename Key>
using TextSet = std::unordered_set<Key, TextHash, std::equal_to<>>;

}  // namespace pennon::base
