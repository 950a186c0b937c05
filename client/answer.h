// One answer with all that is known about it, in memory of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/evaluation.h"
#include "wire/frame_answer.h"

namespace pennon::client {

/// Reused from call to call, so that its texts keep their memory.
struct Answer {
  std::string key;
  bool has_value = false;  // false: the caller's default is to be used
  model::ValueType type = model::ValueType::kBoolean;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string text;  // of a string, or an object's JSON
  std::string variant;
  model::Reason reason = model::Reason::kError;
  model::EvaluationError error = model::EvaluationError::kNone;
  std::string message;
  std::string metadata;  // a JSON object, or ""
  wire::FrameSetState state;
  model::Source source = model::Source::kDefault;  // of this flag

  void Take(const model::Evaluation& evaluation);
  void Take(const wire::FrameEvaluation& evaluation);
  /// An error in the place of whatever was there; without `why` when there is no memory for it.
  void Fail(model::EvaluationError code, std::string_view why) noexcept;
  /// Turns a value of another type than the caller wants into an error.
  void Require(model::ValueType wanted) noexcept;
  /// The value as JSON, whatever its type, in `text`.
  void TurnToJson();
};

}  // namespace pennon::client
