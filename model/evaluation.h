// The answer to "what is this flag for this subject?".
#pragma once

#include <cstdint>
#include <string_view>

#include "model/flag_set.h"

namespace pennon::model {

/// OpenFeature's reasons, as far as pennon gives them.
enum class Reason : std::uint8_t {
  kError,
  kStatic,  // depends on nothing; clients may cache it until the flag changes
  kDefault,
  kTargetingMatch,
  kSplit,
  kDisabled,
};

/// OpenFeature's error codes, as far as pennon gives them.
enum class EvaluationError : std::uint8_t {
  kNone,
  kFlagNotFound,
  kParseError,  // the flag is quarantined
  kTargetingKeyMissing,
  kInvalidContext,
  kTypeMismatch,
  kProviderNotReady,
  kGeneral,  // the operation budget ran out
};

/// Which step of the evaluation decided.
enum class MatchKind : std::uint8_t {
  kNone,
  kKilled,
  kOff,
  kPrerequisiteFailed,
  kTarget,
  kRule,
  kFallthrough,
};

/// Where the definition that an answer came from was last obtained, in the order of trust.
enum class Source : std::uint8_t {
  kLive,       // from the upstream, by this process
  kCache,      // from the upstream, by an earlier process
  kBootstrap,  // from a file
  kDefault,    // from the configuration's per-flag defaults, or nowhere
};

/// Views into the snapshot that was evaluated: valid as long as that snapshot is.
struct Evaluation {
  Reason reason = Reason::kError;
  EvaluationError error = EvaluationError::kNone;
  MatchKind kind = MatchKind::kNone;
  bool has_value = false;  // false: the caller's default is to be used
  ValueType type = ValueType::kBoolean;
  bool boolean = false;                      // the value when `type` is boolean
  std::int32_t rule_index = -1;              // of the rule that decided, when `kind` is kRule
  std::uint32_t variant_index = 0xffffffff;  // among the flag's, when there is a value
  std::int64_t integer = 0;                  // … integer
  double number = 0;                         // … number
  std::string_view text;                     // … string
  std::string_view value_json;               // the value as JSON text, whatever its type
  std::string_view variant;                  // "" when there is no value
  std::string_view detail;    // the rule's id, the failed prerequisite's key, or an error text
  std::string_view metadata;  // the flag's metadata as the inside of a JSON object: "" or "a":1

  bool operator==(const Evaluation&) const = default;
};

std::string_view Name(Reason reason);
std::string_view Name(EvaluationError error);  // "" for kNone
std::string_view Name(MatchKind kind);         // "" for kNone
std::string_view Name(Source source);          // "live", "cache", "bootstrap", "default"

}  // namespace pennon::model
