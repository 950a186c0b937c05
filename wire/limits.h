// Limits of what is read from a socket or a body. Each has a test at n and n+1.
#pragma once

#include <cstddef>

namespace pennon::wire {

inline constexpr std::size_t kMaxContextDepth = 32;       // arrays and objects inside each other
inline constexpr std::size_t kMaxContextNodes = 10'000;   // attributes, members and elements
inline constexpr std::size_t kMaxBatchFlags = 1'000;      // keys named in one request
inline constexpr std::size_t kMaxReportEntries = 10'000;  // counts in one report of usage
inline constexpr std::size_t kMaxFrameBytes = std::size_t{1} << 20U;     // payload of a request
inline constexpr std::size_t kMaxAnswerBytes = std::size_t{256} << 20U;  // payload of an answer
inline constexpr std::size_t kMaxSyncBytes = std::size_t{256} << 20U;    // a decompressed sync body
inline constexpr std::size_t kMaxYamlBytes = std::size_t{16} << 20U;     // a document in YAML

/// Values that replacing the references to flagd's `$evaluators` may make in one document.
inline constexpr std::size_t kMaxEvaluatorNodes = 1'000'000;
/// Bytes of JSON that the metadata of a flagd document may take, repeated for each of its flags.
inline constexpr std::size_t kMaxRepeatedBytes = std::size_t{32} << 20U;

}  // namespace pennon::wire
