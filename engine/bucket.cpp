// Deterministic CBOR of salts and subjects, into the hash.
#include "engine/bucket.h"

#include <cmath>

#include "engine/cbor.h"
#include "engine/literal.h"
#include "engine/logic_number.h"

namespace pennon::engine {

Murmur3 BucketPrefix(std::string_view salt, std::string_view purpose) {
  Murmur3 hash;
  HashCborText(hash, salt);
  HashCborText(hash, purpose);
  return hash;
}

bool HashSubject(Murmur3& hash, const model::Attribute& value) {
  switch (value.kind()) {
    case model::AttributeKind::kString:
      if (value.text().empty()) return false;
      HashCborText(hash, value.text());
      return true;
    case model::AttributeKind::kInt:
      HashCborInt(hash, value.integer());
      return true;
    case model::AttributeKind::kDouble:
      if (!std::isfinite(value.number())) return false;
      if (const auto whole = WholeNumber(value.number())) {
        HashCborInt(hash, *whole);
      } else {
        HashCborFloat(hash, value.number());
      }
      return true;
    case model::AttributeKind::kBool:
      hash.Update(value.boolean() ? kCborTrue : kCborFalse);
      return true;
    case model::AttributeKind::kNull:
    case model::AttributeKind::kArray:
    case model::AttributeKind::kObject:
      break;
  }
  return false;
}

Murmur3 UnleashPrefix(std::string_view group, std::uint32_t seed) {
  Murmur3 hash(seed, 0, 0);
  hash.Update(group);
  hash.Update(':');
  return hash;
}

bool HashSubjectText(Murmur3& hash, const model::Attribute& value) {
  NumberText buffer;
  const std::string_view text = TextOf(value, buffer);
  hash.Update(text);
  return !text.empty();
}

std::uint32_t WeightAt(const RampRecord& ramp, std::int64_t now_micros) {
  if (now_micros <= ramp.from) return ramp.start_weight;
  if (now_micros >= ramp.to) return ramp.end_weight;
  using Wide = base::hash_detail::Uint128;
  const Wide length = static_cast<std::uint64_t>(ramp.to) - static_cast<std::uint64_t>(ramp.from);
  const Wide gone = static_cast<std::uint64_t>(now_micros) - static_cast<std::uint64_t>(ramp.from);
  return static_cast<std::uint32_t>((ramp.start_weight * (length - gone) + ramp.end_weight * gone) /
                                    length);
}

}  // namespace pennon::engine
