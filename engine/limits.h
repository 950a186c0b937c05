// The limits of what the engine compiles and attaches. Each has a test at n and n+1.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pennon::engine {

inline constexpr std::size_t kMaxKeyBytes = 256;
inline constexpr std::size_t kMaxFlags = 200'000;
inline constexpr std::size_t kMaxSegments = 100'000;
inline constexpr std::size_t kMaxVariants = 256;
inline constexpr std::size_t kMaxRules = 100'000;         // of one flag
inline constexpr std::size_t kMaxConditionDepth = 32;     // all/any/not inside each other
inline constexpr std::size_t kMaxAttributeSegments = 16;  // of a JSON Pointer
inline constexpr std::size_t kMaxSetValues = 10'000'000;  // of one list of values
inline constexpr std::size_t kMaxPatternBytes = 1024;     // of a regular expression
inline constexpr std::size_t kMaxPatterns = 10'000;       // of a flag set, equal ones counted once
inline constexpr std::size_t kMaxSchemaPatterns = 100;    // of the schema of a flag's values
inline constexpr std::size_t kMaxRegexMemory = std::size_t{1} << 20U;
inline constexpr std::size_t kMaxBucketAttributes = 16;
inline constexpr std::uint8_t kMaxReferenceDepth = 16;         // prerequisites, segments
inline constexpr std::uint64_t kMaxWeightSum = 2'147'483'647;  // of a split
inline constexpr std::uint32_t kGateTotal = 100'000;
inline constexpr std::uint32_t kUnleashTotal = 100;  // of the gates of Algorithm::kUnleash
inline constexpr std::size_t kMaxImageBytes = std::size_t{1} << 30U;
inline constexpr std::size_t kMaxLogicDepth = 64;      // operators and arrays inside each other
inline constexpr std::size_t kMaxLogicNodes = 65'536;  // operators and constants of one rule
/// What the texts and lists that one evaluation of JSONLogic makes may take.
inline constexpr std::size_t kMaxLogicMemory = std::size_t{1} << 20U;
/// Conditions, targets, rules and weights that one evaluation may look at.
inline constexpr std::uint32_t kMaxOperations = 2'000'000;

}  // namespace pennon::engine
