// What an answer says beside the value.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "pennon/pennon.h"

namespace pennon {

enum class Reason : std::uint8_t { kError, kStatic, kDefault, kTargetingMatch, kSplit, kDisabled };

enum class ErrorCode : std::uint8_t {
  kNone,
  kFlagNotFound,
  kParseError,
  kTargetingKeyMissing,
  kInvalidContext,
  kTypeMismatch,
  kProviderNotReady,
  kGeneral,
};

/// Where the flag set came from, in the order of trust.
enum class Source : std::uint8_t { kLive, kCache, kBootstrap, kDefault };

/// The value of an object flag (or an array), as JSON text.
struct Json {
  std::string text;
  bool operator==(const Json& other) const { return text == other.text; }
};

template <typename T>
struct Detail {
  T value{};  // the flag's, or the caller's default
  std::string variant;
  Reason reason = Reason::kError;
  ErrorCode error = ErrorCode::kNone;  // kNone: `value` is the flag's, or the flag defers to yours
  std::string message;                 // why there is an error
  std::string metadata;                // a JSON object, or ""
  Source source = Source::kDefault;
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::int64_t age_millis = 0;  // since the upstream confirmed the flag set
  bool stale = false;
};

/// One entry of a batch: `has_value` false means that your default is to be used.
struct BatchEntry {
  std::string key;
  bool has_value = false;
  pennon_type type = PENNON_BOOLEAN;
  Detail<Json> detail;  // whatever the type, the value as JSON text
};

}  // namespace pennon
