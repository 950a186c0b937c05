// The two hashes of the engine: Murmur3 for buckets (fixed for ever: users' places depend on it)
// and base::Hash64 for tables and checksums inside one image.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/text_hash.h"

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

using base::Hash64;

}  // namespace pennon::engine
