#include "tests/conformance/dialogue.h"

#include "tests/conformance/calculation.h"
#include "tests/conformance/evaluation_answer.h"
#include "tests/conformance/question.h"
#include "wire/json.h"

namespace pennon::conformance {

using base::Error;
using base::Fail;
using model::Array;
using model::Object;
using model::Value;

std::string Dialogue::Reply(std::string_view line) {
  Object reply;
  const auto request = wire::ReadJson(line);
  if (request) {
    if (const Value* id = request->Find("id")) reply.emplace_back("id", *id);
  }
  auto answer = request ? Answer(TextOf(*request, "op"), *request)
                        : base::Result<Object>(Fail(request.error()));
  if (answer) {
    std::move(answer->begin(), answer->end(), std::back_inserter(reply));
  } else {
    reply.emplace_back("error", answer.error().Message());
  }
  std::string text;
  AppendJson(text, Value(std::move(reply)));
  return text;
}

base::Result<Object> Dialogue::Answer(std::string_view op, const Value& request) {
  if (op == "load") return Load(request);
  if (op == "eval") return Evaluate(request);
  if (op == "evals") return EvaluateMany(request);
  if (op == "jsonlogic") return JsonLogic(request);
  if (op == "jsonlogics") return JsonLogics(request);
  if (op == "hash") return Hash(request);
  if (op == "semver") return CompareVersions(request);
  return Fail(
      Error::Invalid("op", "is none of load, eval, evals, jsonlogic, jsonlogics, hash, semver"));
}

Object Dialogue::Load(const Value& request) {
  Array warnings;
  const auto loaded = definitions_.Load(request);
  if (!loaded) return {{"ok", false}, {"error", loaded.error().Message()}, {"warnings", warnings}};
  for (const model::Diagnostic& diagnostic : *loaded) {
    const bool is_error = diagnostic.severity == model::Severity::kError;
    warnings.emplace_back((is_error ? "error: " : "warning: ") + diagnostic.error.Message());
  }
  return {{"ok", true}, {"warnings", std::move(warnings)}};
}

base::Result<Object> Dialogue::Evaluate(const Value& request) {
  auto question = ReadQuestion(request, definitions_.format());
  if (!question) return Fail(question.error());
  return AnswerOf(definitions_, *question, TextOf(request, "flag"),
                  ContextOf(request.Find("context")));
}

base::Result<Object> Dialogue::EvaluateMany(const Value& request) {
  auto question = ReadQuestion(request, definitions_.format());
  if (!question) return Fail(question.error());
  const Value* contexts = request.Find("contexts");
  const Value* flags = request.Find("flags");
  if (contexts == nullptr || flags == nullptr || contexts->AsArray() == nullptr ||
      flags->AsArray() == nullptr) {
    return Fail(Error::Invalid("contexts, flags", "are to be arrays"));
  }
  Array answers;
  for (const Value& given : *contexts->AsArray()) {
    const client::Context context = ContextOf(&given);
    for (const Value& flag : *flags->AsArray()) {
      if (flag.AsString() == nullptr) return Fail(Error::Invalid("flags", "are to be strings"));
      answers.emplace_back(AnswerOf(definitions_, *question, *flag.AsString(), context));
    }
  }
  return Object{{"answers", std::move(answers)}};
}

}  // namespace pennon::conformance
