// Where a subject falls in a percentage rollout. Integers only; docs/evaluation.md gives the
// algorithm and test vectors for another implementation.
//
// The hash input is a sequence of deterministic CBOR items (RFC 8949, 4.2.1): salt, purpose, value.
// CBOR's heads make it typed and length-prefixed, so "ab"+"c" and "a"+"bc", 1 and "1" differ, and
// the purpose keeps the people let in by a gate spread evenly over a split.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "engine/hash.h"
#include "engine/image.h"
#include "model/context.h"

namespace pennon::engine {

inline constexpr std::string_view kPurposeGate = "gate";
inline constexpr std::string_view kPurposeSplit = "split";
inline constexpr std::string_view kPurposeLayer = "layer";  // of gates that belong to one

/// CBOR's head of a text of up to 23 bytes is one byte.
inline constexpr std::size_t kMaxShortText = 23;
inline constexpr unsigned kShortTextHead = 0x60;

/// The hash after salt and purpose, to be resumed with a value.
Murmur3 BucketPrefix(std::string_view salt, std::string_view purpose);

/// The beginning of Unleash's hash: `group` and a colon.
inline constexpr std::uint32_t kUnleashVariantSeed = 86028157;
Murmur3 UnleashPrefix(std::string_view group, std::uint32_t seed);

/// As HashSubject, for Unleash: the value as text, numbers as JavaScript prints them.
bool HashSubjectText(Murmur3& hash, const model::Attribute& value);

/// Appends a value. False, and nothing appended, when it cannot identify a subject: null, arrays,
/// objects and the empty string.
bool HashSubject(Murmur3& hash, const model::Attribute& value);

/// Whether a value is what most subjects are, a text of 1 to kMaxShortText bytes.
inline bool IsShortSubject(const model::Attribute& value) {
  return value.kind() == model::AttributeKind::kString && value.text().size() - 1 < kMaxShortText;
}
/// As HashSubject, for these.
inline void HashShortSubject(Murmur3& hash, const model::Attribute& value) {
  hash.Update(static_cast<unsigned char>(kShortTextHead | value.text().size()));
  hash.Update(value.text());
}

/// The position 0 … total-1 of a hash. Multiply and shift: no modulo bias worth speaking of, and
/// positions keep their order when the total grows.
inline std::uint32_t BucketPosition(std::uint32_t hash, std::uint32_t total) {
  return static_cast<std::uint32_t>((std::uint64_t{hash} * total) >> 32U);
}

/// The same of a hash of Unleash, which counts positions from 1.
inline std::uint32_t UnleashPosition(std::uint32_t hash, std::uint32_t total) {
  return hash % total;
}

/// The place of somebody without a place: of `random`, different for each bucketing.
inline std::uint32_t RandomHash(const Bucketing& bucketing, std::uint64_t random) {
  const auto bytes = std::bit_cast<std::array<char, sizeof(random)>>(random);
  const std::uint64_t seed = (std::uint64_t{bucketing.tail} << 32U | bucketing.hash) ^
                             std::uint64_t{bucketing.length} << 56U;
  return static_cast<std::uint32_t>(Hash64({bytes.data(), bytes.size()}, seed) >> 32U);
}

/// The share that a ramp has reached; integers, so that everybody agrees on it.
std::uint32_t WeightAt(const RampRecord& ramp, std::int64_t now_micros);

}  // namespace pennon::engine
