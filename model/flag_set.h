// Flag definitions as plain data: what a document says, before it is compiled.
// The shape of each part, and what it means, is docs/evaluation.md.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/boxed.h"
#include "base/error.h"
#include "base/shared_list.h"
#include "model/value.h"

namespace pennon::model {

enum class ValueType : std::uint8_t { kBoolean, kString, kInteger, kNumber, kObject };

/// What a leaf condition asks of an attribute.
enum class Operator : std::uint8_t {
  kIn,          // equals one of the values (typed: true is not 1, 1 is 1.0)
  kStartsWith,  // strings
  kEndsWith,
  kContains,
  kRegex,  // RE2, found anywhere in the string
  kEqual,  // numbers
  kGreater,
  kGreaterEqual,
  kLess,
  kLessEqual,
  kBefore,  // instants: RFC 3339 strings or milliseconds since 1970
  kAfter,
  kSemverEqual,
  kSemverGreater,
  kSemverGreaterEqual,
  kSemverLess,
  kSemverLessEqual,
  kSemverCaret,  // ^1.2.3
  kSemverTilde,  // ~1.2.3
  kCidr,         // addresses and ranges
  kType,         // names of types
  kIsNull,       // takes no values
  kExists,       // takes no values
};

/// From one instant on and before another one.
struct Window {
  std::int64_t from = std::numeric_limits<std::int64_t>::min();
  std::int64_t to = std::numeric_limits<std::int64_t>::max();

  bool operator==(const Window&) const = default;
};

struct Condition;

/// A test of one attribute. `attribute` is the name of a top-level attribute, or a JSON Pointer
/// (RFC 6901) when it begins with '/'. An array attribute matches when any element does.
struct LeafCondition {
  std::string attribute;
  Operator op = Operator::kIn;
  std::vector<Value> values;
  bool ignore_case = false;
  bool lenient = false;  // of versions: v1.2 counts as 1.2.0
  bool as_text = false;  // attributes and values are texts, read as the operator needs them; what
                         // cannot be read matches nothing
  bool negate = false;
  bool on_missing = false;  // the result when the attribute is missing or null; not negated
  std::vector<std::string> alternatives;  // asked in turn when the attribute is missing

  bool operator==(const LeafCondition&) const = default;
};
struct AllCondition {
  std::vector<Condition> parts;

  bool operator==(const AllCondition&) const = default;
};
struct AnyCondition {
  std::vector<Condition> parts;

  bool operator==(const AnyCondition&) const = default;
};
struct NotCondition {
  std::vector<Condition> part;  // exactly one

  bool operator==(const NotCondition&) const = default;
};
struct SegmentCondition {
  std::string segment;

  bool operator==(const SegmentCondition&) const = default;
};

struct WindowCondition {
  Window window;

  bool operator==(const WindowCondition&) const = default;
};

struct Condition {
  std::variant<LeafCondition, AllCondition, AnyCondition, NotCondition, SegmentCondition,
               WindowCondition>
      node;

  bool operator==(const Condition&) const = default;
};

struct Variant {
  std::string key;
  Value value;
  Object metadata;  // beside the flag's, in answers that serve it

  bool operator==(const Variant&) const = default;
};

/// How a subject becomes a place; docs/evaluation.md has each. Others than kNative are those of
/// systems that flags come from, so that nobody changes place.
enum class Algorithm : std::uint8_t { kNative, kUnleash };

/// What decides a subject's place: the first of `attributes` that the context has, hashed with
/// `salt` (the flag's own when empty).
struct Bucketing {
  std::vector<std::string> attributes{"targetingKey"};
  std::string salt;
  Algorithm algorithm = Algorithm::kNative;

  bool operator==(const Bucketing&) const = default;
};

/// What becomes of a subject without any of the attributes. A gate knows kSkip and kRandom.
enum class OnMissing : std::uint8_t { kSkip, kError, kVariant, kRandom };

struct Weight {
  std::string variant;
  std::uint32_t weight = 0;

  bool operator==(const Weight&) const = default;
};

/// Time goes by: `variant` takes `start_weight` of the split's sum until `from`, `end_weight` from
/// `to` on, and a share that moves evenly between them; the weights say who gets the rest.
struct Ramp {
  std::string variant;
  std::int64_t from = 0;  // microseconds since 1970, as all instants here
  std::int64_t to = 0;    // after `from`
  std::uint32_t start_weight = 0;
  std::uint32_t end_weight = 0;

  bool operator==(const Ramp&) const = default;
};

/// Shares of variants in the order written; the sum is 1 to 2^31-1.
struct Split {
  Bucketing bucketing;
  std::vector<Weight> weights;
  base::Boxed<Ramp> ramp;
  OnMissing on_missing = OnMissing::kSkip;
  std::string missing_variant;  // for OnMissing::kVariant

  bool operator==(const Split&) const = default;
};

/// Lets those of every 100000 subjects pass to the rule whose place is `from` or more and less than
/// `to`. Gates of one layer place a subject alike, whatever flag they belong to.
struct Gate {
  Bucketing bucketing;
  std::string layer;  // "": the gate is of no layer
  OnMissing on_missing = OnMissing::kSkip;
  std::uint32_t from = 0;
  std::uint32_t to = 0;

  bool operator==(const Gate&) const = default;
};

struct ServeVariant {
  std::string variant;

  bool operator==(const ServeVariant&) const = default;
};
struct ServeOff {
  bool operator==(const ServeOff&) const = default;
};  // the flag's offVariant
struct ServeCodeDefault {
  bool operator==(const ServeCodeDefault&) const = default;
};  // no value: the caller's default
/// A rule of JSONLogic that gives the name of a variant, or null to be passed over.
struct ServeLogic {
  Value rule;
  int fractional = 2;  // the generation of flagd's `fractional`: 1, 2 or 3

  bool operator==(const ServeLogic&) const = default;
};
using Serve = std::variant<ServeVariant, Split, ServeOff, ServeCodeDefault, ServeLogic>;

struct Rule {
  std::string id;
  bool enabled = true;
  std::optional<Window> window;   // none: always
  std::optional<Condition> when;  // none: everybody
  base::Boxed<Gate> gate;
  Serve serve = ServeCodeDefault{};

  bool operator==(const Rule&) const = default;
};

struct Target {
  std::string variant;
  std::string attribute = "targetingKey";
  std::vector<Value> values;

  bool operator==(const Target&) const = default;
};

/// Holds when the other flag is on and, if `variants` or `no_variant` says so, serves one of them
/// or none; with `enabled` false it holds when the other flag is off.
struct Prerequisite {
  std::string flag;
  std::vector<std::string> variants;
  bool no_variant = false;
  bool enabled = true;

  bool operator==(const Prerequisite&) const = default;
};

struct Flag {
  std::string key;
  ValueType type = ValueType::kBoolean;
  std::vector<Variant> variants;
  Value schema;  // what the values of an object flag look like; null: anything
  bool enabled = true;
  bool killed = false;
  std::optional<std::int64_t> kill_expires;
  std::optional<std::string> off_variant;  // none: the caller's default
  std::vector<Prerequisite> prerequisites;
  std::vector<Target> targets;
  std::vector<Rule> rules;
  std::optional<Serve> fallthrough;  // "default"; none: the caller's default
  std::string salt;                  // the key when the document gives none
  Object metadata;                   // strings, numbers, booleans
  bool client_side = false;          // answered to browsers and apps, whose key is no secret

  bool operator==(const Flag&) const = default;
};

struct Segment {
  std::string key;
  std::string attribute = "targetingKey";
  std::vector<Value> included;
  std::vector<Value> excluded;
  std::optional<Condition> when;

  bool operator==(const Segment&) const = default;
};

/// A flag or segment whose definition could not even be read; it is quarantined.
struct Broken {
  std::string key;
  base::Error error;
};

template <typename T>
using Definitions = base::SharedList<std::shared_ptr<const T>>;

/// All flags and segments of one environment at one revision. Flags and segments are shared and
/// immutable, and so are the lists of them: a set with one change costs about as much as the
/// change.
struct FlagSet {
  std::string environment;
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  Definitions<Flag> flags;
  Definitions<Segment> segments;
  std::vector<Broken> broken_flags;
  std::vector<Broken> broken_segments;
};

std::string_view Name(ValueType type);
std::string_view Name(Operator op);
std::optional<ValueType> ParseValueType(std::string_view text);
std::optional<Operator> ParseOperator(std::string_view text);

}  // namespace pennon::model
