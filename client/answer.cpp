#include "client/answer.h"

#include <new>

#include "base/json_text.h"
#include "wire/evaluation_json.h"

namespace pennon::client {

using model::EvaluationError;
using model::ValueType;
using wire::FrameValue;

void Answer::Take(const model::Evaluation& evaluation) {
  has_value = evaluation.has_value;
  type = evaluation.type;
  boolean = evaluation.boolean;
  integer = evaluation.integer;
  number = evaluation.number;
  text = type == ValueType::kObject ? evaluation.value_json : evaluation.text;
  variant = evaluation.variant;
  reason = evaluation.reason;
  error = evaluation.error;
  message = error == EvaluationError::kNone ? std::string_view() : evaluation.detail;
  metadata.clear();
  wire::AppendMetadata(metadata, evaluation);
}

void Answer::Take(const wire::FrameEvaluation& evaluation) {
  has_value = true;
  switch (evaluation.kind) {
    case FrameValue::kTrue:
    case FrameValue::kFalse:
      type = ValueType::kBoolean;
      break;
    case FrameValue::kInt:
      type = ValueType::kInteger;
      break;
    case FrameValue::kDouble:
      type = ValueType::kNumber;
      break;
    case FrameValue::kString:
      type = ValueType::kString;
      break;
    case FrameValue::kJson:
      type = ValueType::kObject;
      break;
    default:
      has_value = false;
  }
  boolean = evaluation.kind == FrameValue::kTrue;
  integer = evaluation.integer;
  number = evaluation.number;
  text = evaluation.text;
  variant = evaluation.variant;
  reason = evaluation.reason;
  error = evaluation.error;
  message = evaluation.detail;
  metadata = evaluation.metadata;
  source = evaluation.source;
}

void Answer::Fail(EvaluationError code, std::string_view why) noexcept {
  has_value = false;
  variant.clear();
  text.clear();
  metadata.clear();
  reason = model::Reason::kError;
  error = code;
  try {
    message = why;
  } catch (const std::bad_alloc&) {
    message.clear();
  }
}

void Answer::Require(ValueType wanted) noexcept {
  if (!has_value || type == wanted) return;
  if (wanted == ValueType::kNumber && type == ValueType::kInteger) {
    type = wanted;
    number = static_cast<double>(integer);
    return;
  }
  Fail(EvaluationError::kTypeMismatch, "the flag is of another type");
}

void Answer::TurnToJson() {
  std::string json;
  if (!has_value) {
    json = "null";
  } else if (type == ValueType::kBoolean) {
    json = boolean ? "true" : "false";
  } else if (type == ValueType::kInteger) {
    base::AppendJsonInt(json, integer);
  } else if (type == ValueType::kNumber) {
    base::AppendJsonDouble(json, number);
  } else if (type == ValueType::kString) {
    base::AppendJsonString(json, text);
  } else {
    return;
  }
  text = std::move(json);
}

}  // namespace pennon::client
