// JSONLogic in the image: a rule is a table of nodes in its flag's block, the root first and every
// node's children side by side behind it, so that an evaluation ends. docs/evaluation.md says what
// the operators mean.
#pragma once

#include <cstdint>

#include "engine/image.h"

namespace pennon::engine {

enum class LogicOp : std::uint8_t {
  // Constants. Those of one value come first, up to kString.
  kNull,
  kBool,
  kInt,
  kDouble,
  kString,
  kArray,   // of its children
  kObject,  // its children are name, value, name, value …
  // Data.
  kData,  // all of it
  kVar,   // a path known to the compiler; the child, if any, is the default
  kVarOf,
  kFlagd,      // {flagKey, timestamp}
  kTimestamp,  // seconds since 1970
  kMissing,
  kMissingSome,
  // Logic and comparison.
  kIf,
  kAnd,
  kOr,
  kNot,
  kTruth,
  kLooseEqual,
  kLooseUnequal,
  kStrictEqual,
  kStrictUnequal,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  // Numbers.
  kMax,
  kMin,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  // Lists.
  kMap,
  kReduce,
  kFilter,
  kAll,
  kNoneOf,
  kSome,
  kMerge,
  // Text.
  kIn,
  kInSet,  // in a constant array of scalars
  kCat,
  kSubstr,
  kLog,
  // flagd's own.
  kFractional,
  kSemver,
  kStartsWith,
  kEndsWith,
};
inline constexpr auto kLastScalarOp = LogicOp::kString;
inline constexpr auto kLastLogicOp = LogicOp::kEndsWith;

struct LogicNode {
  LogicOp op = LogicOp::kNull;
  std::uint8_t option = 0;    // kFractional: the generation of its hash, 1 to 3
  std::uint16_t variant = 0;  // of a constant that names one: 1 + its index in the flag; else 0
  std::uint32_t count = 0;    // children
  std::uint32_t first = 0;    // the first child; behind this node
  std::uint32_t operand = 0;  // kVar: in `attributes`; kInSet: in `sets`; kFractional: the offset
                              // of its FractionalRecord in the block, or kNone
  std::uint64_t payload = 0;  // of a constant: bool, int64 bits, double bits, or a TextRef
};

/// One bucket of a `fractional` whose buckets are constants.
struct FractionalShare {
  std::uint32_t node = 0;        // its name: a scalar constant
  std::uint32_t cumulative = 0;  // sum of the weights up to and including this one
};

/// A `fractional` whose buckets are constants: at least one of a weight above 0.
struct FractionalRecord {
  Part<FractionalShare> shares;  // those of a weight above 0
  std::uint32_t total = 0;
  // The hash after the flag's key, to be resumed with the targeting key.
  std::uint32_t hash = 0;
  std::uint32_t tail = 0;
  std::uint32_t length = 0;
  std::uint32_t own_key = 0;  // 1: all arguments are buckets, the first one is no key
};

struct LogicRecord {
  Part<LogicNode> nodes;  // at least one
};

}  // namespace pennon::engine
