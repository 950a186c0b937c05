// The image: a compiled flag set as one relocatable little-endian block of bytes.
//
// A header; shared tables (attribute paths, value sets, variants, hash slots); and one contiguous
// block for each flag and each segment, which holds what only it reads: record, key, rules, steps,
// splits. So one evaluation touches one place of memory, however many flags there are.
// There are no pointers: tables are named by index, text by its offset in the image, parts of a
// block by their offset in the block. The image can lie in a file, in shared memory or on the heap.
//
// The layout is an ABI between the daemon and services that were linked years ago: a change of a
// record's meaning raises kImageMajor, an addition that old readers may pass over raises
// kImageMinor. docs/adr/0001-flat-image.md says why it is like this.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace pennon::engine {

static_assert(std::endian::native == std::endian::little, "the image is little-endian");

inline constexpr std::uint64_t kImageMagic = 0x31474d494e4e4550;  // "PENNIMG1"
inline constexpr std::uint16_t kImageMajor = 2;
inline constexpr std::uint16_t kImageMinor = 0;
inline constexpr std::uint32_t kNone = 0xffffffff;

/// A piece of text; `offset` is from the start of the image.
struct TextRef {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
};

/// `count` records from record `first` on, of a shared table that the field's comment names.
struct Range {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

/// `count` records of T inside a block, `offset` bytes from the block's start.
template <typename T>
struct Part {
  std::uint32_t offset = 0;
  std::uint32_t count = 0;
};

/// An open-addressing hash table: 2^n slots, each kNone or a TaggedSlot. An entry's slot is the
/// first free one from its hash's low bits on.
struct HashTable {
  std::uint32_t first_slot = 0;  // in `slots`
  std::uint32_t mask = 0;        // number of slots - 1
  std::uint64_t seed = 0;        // chosen so that no probe is longer than kMaxProbe
};
inline constexpr std::uint32_t kMaxProbe = 64;

/// A slot of a hash table: an index, and above it the highest byte of the entry's hash, so that
/// hardly ever another entry is read in vain.
struct TaggedSlot {
  static constexpr std::uint32_t kIndexBits = 24;

  static std::uint32_t Tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 56U); }
  static std::uint32_t Make(std::uint64_t hash, std::uint32_t index) {
    return Tag(hash) << kIndexBits | index;
  }
  static std::uint32_t TagOf(std::uint32_t slot) { return slot >> kIndexBits; }
  static std::uint32_t IndexOf(std::uint32_t slot) { return slot & ((1U << kIndexBits) - 1); }
};

enum class LiteralKind : std::uint32_t { kBool, kInt, kDouble, kString };

/// A value that an attribute is compared with. Whole doubles are stored as kInt, so that 1 and 1.0
/// are the same record; strings of up to kInlineText bytes lie in the record, so that these and
/// numbers are compared alike.
struct Literal {
  LiteralKind kind = LiteralKind::kBool;
  std::uint32_t size = 0;     // of a string
  std::uint64_t payload = 0;  // bool, int64 bits, double bits; a string padded by 0, or its offset
};
inline constexpr std::size_t kInlineText = sizeof(Literal::payload);

/// A set of literals: linear when small, else hashed (slots count from the first of `literals`).
struct ValueSet {
  Range literals;
  std::uint32_t hashed = 0;  // 1: `table` is in use
  std::uint32_t reserved = 0;
  HashTable table;
};

/// Where an attribute is found: by its name, and from there on by the names `members` in `paths`;
/// when it is missing, where `alternative`, the next one of `attributes`, says.
struct AttributeRef {
  TextRef name;
  Range members;
  std::uint32_t alternative = kNone;

  [[nodiscard]] bool IsPlain() const { return members.count == 0 && alternative == kNone; }
};

/// What a step of a condition program tests; model::Operator and segments. The literals of its set
/// are strings and numbers as written, but for kRegex: numbers of `patterns`; kBefore and kAfter:
/// microseconds since 1970; kCidr: strings of 16 bytes of address and one of prefix length; kType:
/// numbers of AttributeType.
enum class StepOp : std::uint8_t {
  kIn,
  kStartsWith,
  kEndsWith,
  kContains,
  kRegex,
  kEqual,
  kGreater,
  kGreaterEqual,
  kLess,
  kLessEqual,
  kBefore,
  kAfter,
  kSemverEqual,
  kSemverGreater,
  kSemverGreaterEqual,
  kSemverLess,
  kSemverLessEqual,
  kSemverCaret,
  kSemverTilde,
  kCidr,
  kType,
  kIsNull,
  kExists,
  kSegment,
  kWindow,  // of time; its set has two literals: from and to, in microseconds since 1970
};
inline constexpr std::uint8_t kLastStepOp = static_cast<std::uint8_t>(StepOp::kWindow);

inline constexpr std::uint32_t kAccept = 0xffffffff;
inline constexpr std::uint32_t kReject = 0xfffffffe;

inline constexpr std::uint8_t kOption = 1;
/// The attribute is made a text and that is read as the operator needs it.
inline constexpr std::uint8_t kAsText = 2;

/// One test of a condition. A tree of all/any/not is compiled into steps that jump: each names the
/// step to go on with for both results, always a later one, or kAccept or kReject. So a condition
/// needs no stack, `not` costs nothing, and it ends because jumps only go forward.
struct Step {
  StepOp op = StepOp::kIn;
  std::uint8_t negate = 0;
  std::uint8_t option = 0;  // kOption: ignores case, of versions is lenient; kAsText
  std::uint8_t on_missing = 0;
  std::uint32_t attribute = 0;  // in `attributes`; for kSegment in `segments`; unused by kWindow
  std::uint32_t operand = 0;    // in `sets`; unused by kExists, kIsNull and kSegment
  std::uint32_t on_true = kAccept;
  std::uint32_t on_false = kReject;
};

/// How a hash becomes a place; model::Algorithm.
enum class Placing : std::uint32_t { kNative, kUnleash };

/// How a subject is hashed: murmur3 resumed after the salt and purpose, which the compiler hashed.
struct Bucketing {
  Range attributes;  // in `attributes`: the first one present counts
  std::uint32_t hash = 0;
  std::uint32_t tail = 0;
  std::uint32_t length = 0;
  Placing placing = Placing::kNative;
};

/// What becomes of a subject without any of the attributes, beside a variant of the flag.
inline constexpr std::uint32_t kSkipMissing = 0xffffffff;
inline constexpr std::uint32_t kMissingIsError = 0xfffffffe;
inline constexpr std::uint32_t kMissingIsRandom = 0xfffffffd;

/// Lets positions of `total` in: `from` and more, less than `to`.
struct GateRecord {
  Bucketing bucketing;
  std::uint32_t total = 0;
  std::uint32_t missing = kSkipMissing;
  std::uint32_t from = 0;
  std::uint32_t to = 0;
};

/// The first positions of a split are `variant`'s: start_weight of them until `from`, end_weight
/// from `to` on, in between a number that moves evenly. Instants in microseconds since 1970.
struct RampRecord {
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::uint32_t variant = 0;  // of the flag
  std::uint32_t start_weight = 0;
  std::uint32_t end_weight = 0;
  std::uint32_t reserved = 0;
};

struct WeightRecord {
  std::uint32_t variant = 0;     // of the flag
  std::uint32_t cumulative = 0;  // sum of the weights up to and including this one
};

struct SplitRecord {
  Bucketing bucketing;
  Part<WeightRecord> weights;  // those above 0 only
  std::uint32_t total = 0;
  std::uint32_t missing = kSkipMissing;
  std::uint32_t ramp = kNone;  // the offset of its RampRecord in the block
};

enum class ServeKind : std::uint32_t { kCodeDefault, kVariant, kSplit, kOff, kLogic };

struct ServeRecord {
  ServeKind kind = ServeKind::kCodeDefault;
  /// Of the variant; for kSplit and kLogic the offset of its SplitRecord or LogicRecord in the
  /// block.
  std::uint32_t index = 0;
};

struct RuleRecord {
  TextRef id;
  Part<Step> when;  // no steps: everybody
  ServeRecord serve;
  std::uint32_t gate = kNone;  // the offset of its GateRecord in the block
  std::uint32_t position = 0;  // in the definition, disabled rules counted
};

struct TargetRecord {
  std::uint32_t variant = 0;    // of the flag
  std::uint32_t attribute = 0;  // in `attributes`
  std::uint32_t values = 0;     // in `sets`
};

struct PrerequisiteRecord {
  std::uint32_t flag = 0;        // in `flags`; its height is less than ours
  std::uint32_t enabled = 1;     // 0: holds when the other flag is off
  Part<std::uint32_t> variants;  // indices of the other flag's variants, kNone for none of them
};

struct VariantRecord {
  TextRef key;
  TextRef json;
  TextRef metadata;           // instead of the flag's, if not ""
  std::uint64_t payload = 0;  // bool, int64 bits, double bits, or a string's TextRef
};

/// Where an image has been. One that was stored may be damaged, and its checksum tells. Of one that
/// another process has made and that is mapped, each flag is verified when it is first found.
enum class Keeping { kStored, kInMemory, kMapped };

enum class FlagState : std::uint8_t { kOn, kOff, kKilled, kBroken };

/// Bits of FlagRecord::traits.
struct FlagTrait {
  static constexpr std::uint8_t kStatic = 1;      // a fixed fallthrough is STATIC, not DEFAULT
  static constexpr std::uint8_t kAsksMoment = 2;  // the answer may depend on time or chance
};

/// A kill that ends by itself.
struct KillRecord {
  std::int64_t until = 0;  // microseconds since 1970
  FlagState after = FlagState::kOn;
  std::array<std::uint8_t, 7> reserved{};
};

/// What few flags have.
struct RareRecord {
  Part<PrerequisiteRecord> prerequisites;
  Part<TargetRecord> targets;
  std::uint32_t kill = kNone;  // the offset of its KillRecord in the block, if killed
};

/// The beginning of a flag's block. The key follows it, because every lookup reads it.
struct FlagRecord {
  std::uint32_t key_size = 0;
  std::uint32_t block_size = 0;
  FlagState state = FlagState::kOn;
  std::uint8_t type = 0;    // model::ValueType
  std::uint8_t height = 0;  // longest chain of prerequisites below
  std::uint8_t traits = 0;  // FlagTrait
  Part<RuleRecord> rules;
  ServeRecord fallthrough;
  Range variants;                     // in `variants`; flags with the same ones share them
  TextRef metadata;                   // members of a JSON object; of a broken flag why it is so
  std::uint32_t off_variant = kNone;  // of the flag
  std::uint32_t rare = kNone;         // the offset of its RareRecord in the block
};

/// The beginning of a segment's block.
struct SegmentRecord {
  TextRef key;
  std::uint32_t block_size = 0;
  std::uint8_t height = 0;         // longest chain of segments below
  std::uint8_t has_condition = 0;  // 0: only `included` matches
  std::uint16_t reserved = 0;
  Part<Step> when;
  std::uint32_t attribute = 0;     // in `attributes`: what `included` and `excluded` are about
  std::uint32_t included = kNone;  // in `sets`
  std::uint32_t excluded = kNone;
  std::uint32_t reserved2 = 0;
};

/// Blocks begin on cache lines; the slots of the flags' table count in these.
inline constexpr std::uint32_t kBlockAlignment = 64;

/// Where a section lies: byte offset from the start of the image, and number of records.
struct Section {
  std::uint32_t offset = 0;
  std::uint32_t count = 0;
};

struct ImageHeader {
  std::uint64_t magic = kImageMagic;
  std::uint16_t major = kImageMajor;
  std::uint16_t minor = kImageMinor;
  std::uint32_t header_size = sizeof(ImageHeader);
  std::uint64_t image_size = 0;
  std::uint64_t checksum = 0;  // Hash64 over everything after this field
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  TextRef environment;
  HashTable flag_table;  // slots say where the block is, in units of kBlockAlignment
  Section flags;         // offsets of flag blocks, ascending, in the order of their keys
  Section segments;      // offsets of segment blocks, ascending
  Section attributes;
  Section paths;
  Section sets;
  Section literals;
  Section slots;
  Section patterns;
  Section variants;
};

}  // namespace pennon::engine
