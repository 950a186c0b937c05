#include "engine/logic_flagd.h"

#include <cmath>
#include <optional>

#include "engine/bucket.h"
#include "engine/literal.h"
#include "engine/logic_cbor.h"
#include "engine/semver.h"

namespace pennon::engine {
namespace {

constexpr std::uint8_t kFirstGeneration = 1;
constexpr std::uint8_t kTypedGeneration = 3;
constexpr std::size_t kReadBytesPerOperation = 64;

// The context's targeting key, "" when there is none or it is no text.
std::string_view TargetingKey(const LogicEvaluator& evaluator) {
  const auto* const key = evaluator.subject().context.Find(model::kTargetingKey);
  return key != nullptr && key->kind() == model::AttributeKind::kString ? key->text()
                                                                        : std::string_view();
}

// The hash of flag and targeting key. `prefix` is the hash after the flag's key.
std::uint32_t HashOwn(const LogicEvaluator& evaluator, const LogicNode& node, Murmur3 prefix,
                      std::string_view targeting_key) {
  if (node.option == kTypedGeneration) {
    return HashCborTexts(KeyOf(evaluator.subject().flag), targeting_key);
  }
  prefix.Update(targeting_key);
  return prefix.Finish();
}

// The same; none without a targeting key.
std::optional<std::uint32_t> OwnHash(const LogicEvaluator& evaluator, const LogicNode& node,
                                     Murmur3 prefix) {
  const std::string_view targeting_key = TargetingKey(evaluator);
  if (targeting_key.empty()) return std::nullopt;
  return HashOwn(evaluator, node, prefix, targeting_key);
}

Murmur3 FlagPrefix(const LogicEvaluator& evaluator) {
  Murmur3 hash;
  hash.Update(KeyOf(evaluator.subject().flag));
  return hash;
}

// The first generation places by floating point, from the absolute value of a signed hash.
class Place {
 public:
  Place(std::uint8_t generation, std::uint32_t hash, std::uint32_t total)
      : is_first_(generation == kFirstGeneration), total_(total) {
    if (is_first_) {
      const auto value = static_cast<double>(static_cast<std::int32_t>(hash));
      percent_ = std::abs(value) / 2147483647.0 * 100;
    } else {
      position_ = BucketPosition(hash, total);
    }
  }
  // Whether the place is before the end of a share, given in the order of shares.
  bool IsBefore(std::uint32_t cumulative) {
    if (!is_first_) return position_ < cumulative;
    end_ += 100 * static_cast<double>(cumulative - before_) / static_cast<double>(total_);
    before_ = cumulative;
    return percent_ < end_;
  }

 private:
  bool is_first_;
  std::uint32_t total_;
  std::uint32_t position_ = 0;
  std::uint32_t before_ = 0;
  double percent_ = 0;
  double end_ = 0;
};

Murmur3 PrefixOf(const FractionalRecord& record) {
  return {record.hash, record.tail, record.length};
}

// Where texts, which nearly all keys are, are hashed: without making the text of a `cat`.
std::optional<std::uint32_t> KeyHash(LogicEvaluator& evaluator, const LogicNode& node,
                                     const LogicNode& key, const FractionalRecord& record,
                                     const LogicValue& data, bool& is_bucket) {
  const bool is_typed = node.option == kTypedGeneration;
  if (key.op == LogicOp::kCat && !is_typed) {
    Murmur3 hash;
    for (std::uint32_t i = 0; i < key.count; ++i) {
      const LogicValue piece = evaluator.Argument(key, i, data);
      if (!piece.IsNullish()) hash.Update(ToText(piece, evaluator.memory()));
    }
    return hash.Finish();
  }
  const LogicValue value = evaluator.Node(key, data);
  is_bucket = value.IsArray() || (!is_typed && !value.IsString() && !value.IsNullish());
  if (is_bucket) return std::nullopt;
  if (is_typed) {
    if (value.IsNullish()) return std::nullopt;
    return HashCbor(value, evaluator.memory());
  }
  if (value.IsNullish()) return OwnHash(evaluator, node, PrefixOf(record));
  Murmur3 hash;
  hash.Update(value.text());
  return hash.Finish();
}

// A bucket that was evaluated: [name] or [name, weight].
struct Bucket {
  LogicValue name;
  std::uint32_t weight = 0;
};

std::optional<Bucket> BucketOf(const LogicValue& value) {
  if (!value.IsArray()) return std::nullopt;
  std::size_t size = 0;
  Bucket bucket;
  LogicValue weight;
  value.ForEach([&](const LogicValue& element) {
    if (size == 0) bucket.name = element;
    if (size == 1) weight = element;
    return ++size <= 2;
  });
  if (size == 0 || size > 2 || bucket.name.IsContainer()) return std::nullopt;
  if (weight.IsNullish()) {
    bucket.weight = 1;
    return bucket;
  }
  if (!weight.IsNumber()) return std::nullopt;
  const auto whole = weight.kind() == LogicKind::kInt ? std::optional(weight.integer())
                                                      : WholeNumber(weight.number());
  if (!whole || *whole > static_cast<std::int64_t>(kMaxWeightSum)) return std::nullopt;
  bucket.weight = static_cast<std::uint32_t>(std::max<std::int64_t>(*whole, 0));
  return bucket;
}

LogicValue ChooseAmong(std::span<const LogicValue> buckets, std::uint8_t generation,
                       std::uint32_t hash) {
  std::uint64_t total = 0;
  for (const LogicValue& value : buckets) {
    const auto bucket = BucketOf(value);
    if (!bucket) return LogicValue::Null();
    total += bucket->weight;
    if (total > kMaxWeightSum) return LogicValue::Null();
  }
  if (total == 0) return LogicValue::Null();
  Place place(generation, hash, static_cast<std::uint32_t>(total));
  std::uint32_t cumulative = 0;
  for (const LogicValue& value : buckets) {
    const auto bucket = BucketOf(value);
    cumulative += bucket->weight;
    if (place.IsBefore(cumulative)) return bucket->name;
  }
  return LogicValue::Null();
}

// When buckets are only known now, or what stands where the key should is one.
[[gnu::noinline]] LogicValue FractionalOfValues(LogicEvaluator& evaluator, const LogicNode& node,
                                                const LogicValue& data) {
  const auto arguments = evaluator.Arguments(node, data);
  if (arguments.empty()) return LogicValue::Null();
  const LogicValue& first = arguments.front();
  const bool is_typed = node.option == kTypedGeneration;
  std::optional<std::uint32_t> hash;
  std::size_t skipped = 1;
  if (is_typed ? first.IsArray() : !first.IsString()) {
    hash = OwnHash(evaluator, node, FlagPrefix(evaluator));
    skipped = first.IsNullish() ? 1 : 0;
  } else if (!is_typed) {
    Murmur3 text;
    text.Update(first.text());
    hash = text.Finish();
  } else if (!first.IsNullish()) {
    hash = HashCbor(first, evaluator.memory());
  }
  if (!hash) return LogicValue::Null();
  return ChooseAmong(arguments.subspan(skipped), node.option, *hash);
}

// The bucket that a hash falls into, where all are constants.
LogicValue ShareOf(LogicEvaluator& evaluator, const LogicNode& node, const FractionalRecord& record,
                   std::uint32_t hash) {
  Place place(node.option, hash, record.total);
  for (const FractionalShare& share : PartOf(evaluator.subject().flag, record.shares)) {
    if (!evaluator.budget().Spend()) break;
    if (place.IsBefore(share.cumulative)) return evaluator.Constant(evaluator.nodes()[share.node]);
  }
  return LogicValue::Null();
}

// When the first argument is what the flag's author wants hashed, or turns out to be a bucket.
[[gnu::noinline]] LogicValue FractionalOfKey(LogicEvaluator& evaluator, const LogicNode& node,
                                             const FractionalRecord& record,
                                             const LogicValue& data) {
  bool is_bucket = false;
  const auto hash = KeyHash(evaluator, node, evaluator.Child(node, 0), record, data, is_bucket);
  if (is_bucket) return FractionalOfValues(evaluator, node, data);
  return hash ? ShareOf(evaluator, node, record, *hash) : LogicValue::Null();
}

std::optional<Semver> VersionOf(LogicEvaluator& evaluator, const LogicValue& value) {
  if (value.IsContainer()) return std::nullopt;
  const std::string_view text = ToText(value, evaluator.memory());
  const std::size_t cost = text.size() / kReadBytesPerOperation;
  if (!evaluator.budget().Spend(static_cast<std::uint32_t>(cost))) return std::nullopt;
  return ParseSemver(text, true);
}

}  // namespace

LogicValue Fractional(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  if (node.operand == kNone) return FractionalOfValues(evaluator, node, data);
  const auto& record = RecordAt<FractionalRecord>(evaluator.subject().flag, node.operand);
  if (record.own_key == 0) return FractionalOfKey(evaluator, node, record, data);
  const std::string_view key = TargetingKey(evaluator);
  if (key.empty()) return LogicValue::Null();
  return ShareOf(evaluator, node, record, HashOwn(evaluator, node, PrefixOf(record), key));
}

LogicValue CompareVersions(LogicEvaluator& evaluator, const LogicNode& node,
                           const LogicValue& data) {
  if (node.count != 3) return LogicValue::Null();
  const LogicValue left = evaluator.Argument(node, 0, data);
  const LogicValue op = evaluator.Argument(node, 1, data);
  const LogicValue right = evaluator.Argument(node, 2, data);
  const auto a = VersionOf(evaluator, left);
  const auto b = VersionOf(evaluator, right);
  if (!a || !b || !op.IsString()) return LogicValue::Null();
  const std::string_view name = op.text();
  if (name == "^") return LogicValue::Bool(a->numbers[0] == b->numbers[0]);
  if (name == "~") {
    return LogicValue::Bool(a->numbers[0] == b->numbers[0] && a->numbers[1] == b->numbers[1]);
  }
  const auto order = Compare(*a, *b);
  if (name == "=") return LogicValue::Bool(order == 0);
  if (name == "!=") return LogicValue::Bool(order != 0);
  if (name == "<") return LogicValue::Bool(order < 0);
  if (name == "<=") return LogicValue::Bool(order <= 0);
  if (name == ">") return LogicValue::Bool(order > 0);
  if (name == ">=") return LogicValue::Bool(order >= 0);
  return LogicValue::Null();
}

LogicValue HasAffix(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  if (node.count != 2) return LogicValue::Null();
  const LogicValue text = evaluator.Argument(node, 0, data);
  const LogicValue affix = evaluator.Argument(node, 1, data);
  if (!text.IsString() || !affix.IsString()) return LogicValue::Null();
  return LogicValue::Bool(node.op == LogicOp::kStartsWith ? text.text().starts_with(affix.text())
                                                          : text.text().ends_with(affix.text()));
}

}  // namespace pennon::engine
