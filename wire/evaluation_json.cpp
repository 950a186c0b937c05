#include "wire/evaluation_json.h"

#include "base/json_text.h"

namespace pennon::wire {

using base::JsonObject;
using model::Evaluation;
using model::MatchKind;

void AppendMetadata(std::string& out, const Evaluation& evaluation) {
  out += '{';
  out += evaluation.metadata;
  if (evaluation.kind != MatchKind::kNone) {
    if (!evaluation.metadata.empty()) out += ',';
    out += "\"pennon.kind\":\"";
    out += Name(evaluation.kind);
    out += '"';
    if (evaluation.kind == MatchKind::kRule) {
      out += ",\"pennon.ruleIndex\":";
      base::AppendJsonInt(out, evaluation.rule_index);
      if (!evaluation.detail.empty()) {
        out += ",\"pennon.ruleId\":";
        base::AppendJsonString(out, evaluation.detail);
      }
    } else if (evaluation.kind == MatchKind::kPrerequisiteFailed) {
      out += ",\"pennon.prerequisite\":";
      base::AppendJsonString(out, evaluation.detail);
    }
  }
  out += '}';
}

void AppendOfrepEvaluation(std::string& out, std::string_view key, const Evaluation& evaluation) {
  // In literals, as a bulk answer has a thousand of these.
  out += R"({"key":)";
  base::AppendJsonString(out, key);
  if (evaluation.error != model::EvaluationError::kNone) {
    out += R"(,"errorCode":")";
    out += Name(evaluation.error);
    out += R"(","errorDetails":)";
    base::AppendJsonString(out, evaluation.detail);
  } else {
    if (evaluation.has_value) {
      out += R"(,"value":)";
      out += evaluation.value_json;
    }
    out += R"(,"reason":")";
    out += Name(evaluation.reason);
    out += R"(","variant":)";
    base::AppendJsonString(out, evaluation.variant);
  }
  out += R"(,"metadata":)";
  AppendMetadata(out, evaluation);
  out += '}';
}

void AppendEvaluationEntry(std::string& out, const Evaluation& evaluation, std::string_view source,
                           std::string_view caller_default) {
  JsonObject object(out);
  if (evaluation.has_value) {
    object.Raw("value", evaluation.value_json);
  } else if (!caller_default.empty()) {
    object.Raw("value", caller_default);
  }
  object.String("variant", evaluation.variant).String("reason", Name(evaluation.reason));
  if (evaluation.error != model::EvaluationError::kNone) {
    object.String("errorCode", Name(evaluation.error)).String("errorDetails", evaluation.detail);
  }
  object.String("source", source);
  AppendMetadata(object.Key("metadata"), evaluation);
  object.Close();
}

}  // namespace pennon::wire
