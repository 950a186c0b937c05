// Payloads that a server sends: welcome and evaluations.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/evaluation.h"
#include "wire/frame_writer.h"
#include "wire/limits.h"

namespace pennon::wire {

/// What is true of a whole answer: which flag set gave it and how old that is.
struct FrameSetState {
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::uint64_t age_millis = 0;
  model::Source source = model::Source::kDefault;
  bool stale = false;
};

struct FrameWelcome {
  std::uint16_t version = kFrameProtocolVersion;
  std::string_view environment;
  std::string_view server;  // "pennond 0.1.0"
};
void AppendWelcome(std::string& out, std::uint32_t id, const FrameWelcome& welcome);
base::Result<FrameWelcome> DecodeWelcome(std::string_view payload);

/// The answer to evaluate. `request_flags` are those of the request's header (kWantMetadata).
void AppendEvaluation(FrameRoom& out, std::uint32_t id, std::uint16_t request_flags,
                      const FrameSetState& state, const model::Evaluation& evaluation,
                      model::Source source);
/// Writes the answer to a batch: state and count first, then one entry a flag. An answer of more
/// than kMaxAnswerBytes is for nobody: entries are left out then, and its frame is to be taken
/// back.
class EvaluationsWriter {
 public:
  EvaluationsWriter(FrameRoom& out, std::uint32_t id, std::uint16_t request_flags,
                    const FrameSetState& state, std::uint32_t count);
  void Add(std::string_view key, const model::Evaluation& evaluation, model::Source source);
  [[nodiscard]] bool is_too_large() const { return frame_.payload_size() > kMaxAnswerBytes; }

 private:
  FrameWriter frame_;
  std::uint16_t request_flags_;
};

/// One flag's answer, with text borrowed from the payload. `metadata` is a JSON object or "".
struct FrameEvaluation {
  std::string_view key;  // "" in the answer to evaluate
  model::Reason reason = model::Reason::kError;
  model::EvaluationError error = model::EvaluationError::kNone;
  model::Source source = model::Source::kDefault;
  FrameValue kind = FrameValue::kNull;  // kNull: no value, the caller's default is to be used
  std::int64_t integer = 0;
  double number = 0;
  std::string_view text;  // kString, kJson
  std::string_view variant;
  std::string_view metadata;
  std::string_view detail;  // when there is an error
};

struct FrameEvaluations {
  FrameSetState state;
  std::vector<FrameEvaluation> entries;
};
base::Result<FrameEvaluations> DecodeEvaluations(const FrameHeader& header,
                                                 std::string_view payload);
/// The error that an error frame carries.
base::Error DecodeError(std::string_view payload);

}  // namespace pennon::wire
