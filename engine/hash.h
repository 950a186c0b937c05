// The two hashes of the engine: Murmur3 for buckets (fixed for ever: users' places depend on it)
// and Hash64 for tables and checksums inside one image.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pennon::engine {

/// MurmurHash3 x86_32 (Austin Appleby, public domain) with seed 0, over pieces. Its state between
/// two pieces is three words, so a common beginning can be hashed once and resumed.
class Murmur3 {
 public:
  Murmur3() = default;
  Murmur3(std::uint32_t hash, std::uint32_t tail, std::uint32_t length)
      : hash_(hash), tail_(tail), length_(length) {}

  void Update(const void* bytes, std::size_t size) {
    const auto* next = static_cast<const unsigned char*>(bytes);
    // Blocks straddle the pieces by `held` bytes: shift them together instead of copying.
    const std::uint32_t shift = 8 * (length_ & 3U);
    length_ += static_cast<std::uint32_t>(size);
    std::uint32_t hash = hash_;
    std::uint64_t tail = tail_;
    for (; size >= 4; size -= 4, next += 4) {
      std::uint32_t block;
      std::memcpy(&block, next, 4);
      tail |= std::uint64_t{block} << shift;
      hash = Mix(hash, static_cast<std::uint32_t>(tail));
      tail >>= 32U;
    }
    std::uint32_t rest = 0;
    for (std::size_t i = 0; i < size; ++i) rest |= std::uint32_t{next[i]} << (8 * i);
    tail |= std::uint64_t{rest} << shift;
    if (shift + 8 * size >= 32) {
      hash = Mix(hash, static_cast<std::uint32_t>(tail));
      tail >>= 32U;
    }
    hash_ = hash;
    tail_ = static_cast<std::uint32_t>(tail);
  }
  void Update(char byte) { Update(static_cast<unsigned char>(byte)); }
  void Update(unsigned char byte) {
    tail_ |= std::uint32_t{byte} << (8 * (length_ & 3U));
    if ((++length_ & 3U) != 0) return;
    hash_ = Mix(hash_, tail_);
    tail_ = 0;
  }
  void Update(std::string_view text) { Update(text.data(), text.size()); }

  [[nodiscard]] std::uint32_t Finish() const {
    std::uint32_t hash = hash_ ^ Scramble(tail_);
    hash ^= length_;
    hash = (hash ^ (hash >> 16U)) * 0x85ebca6bU;
    hash = (hash ^ (hash >> 13U)) * 0xc2b2ae35U;
    return hash ^ (hash >> 16U);
  }

  [[nodiscard]] std::uint32_t hash() const { return hash_; }
  [[nodiscard]] std::uint32_t tail() const { return tail_; }
  [[nodiscard]] std::uint32_t length() const { return length_; }

 private:
  static std::uint32_t Scramble(std::uint32_t block) {
    return std::rotl(block * 0xcc9e2d51U, 15) * 0x1b873593U;
  }
  static std::uint32_t Mix(std::uint32_t hash, std::uint32_t block) {
    return std::rotl(hash ^ Scramble(block), 13) * 5 + 0xe6546b64U;
  }

  std::uint32_t hash_ = 0;
  std::uint32_t tail_ = 0;    // bytes of an unfinished block, low byte first
  std::uint32_t length_ = 0;  // modulo 2^32, as in the original
};

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

}  // namespace pennon::engine
