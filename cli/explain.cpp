#include "cli/explain.h"

#include <chrono>
#include <iostream>

#include "base/timestamp.h"
#include "cli/input.h"
#include "cli/render_explanation.h"
#include "engine/compile.h"
#include "engine/explain.h"
#include "wire/explanation_json.h"
#include "wire/json.h"

namespace pennon::cli {
namespace {

using base::Error;
using base::Fail;
using base::Result;

Result<std::int64_t> NowMillis(const std::string& now) {
  if (now.empty()) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  const auto micros = base::ParseTimestamp(now);
  if (micros) return *micros / 1000;
  return Fail(Error::Invalid("--now", "expected an instant such as 2027-01-31T12:00:00Z"));
}

// The explanation as JSON, made here from a file.
Result<std::string> ExplainFile(const ExplainArguments& explain, const std::string& flag,
                                const client::Context& context) {
  const auto now = NowMillis(explain.now);
  if (!now) return Fail(now.error());
  const auto text = ReadInput(explain.file);
  if (!text) return Fail(text.error());
  const auto document = wire::ReadDocument(*text, explain.document);
  if (!document) return Fail(document.error().Within(NameOfInput(explain.file)));
  const auto compiled = engine::Compile(document->set);
  if (!compiled) return Fail(compiled.error());
  const auto snapshot = engine::Snapshot::Attach(compiled->image);
  if (!snapshot) return Fail(snapshot.error());
  const auto explanation = engine::Explain(*snapshot, flag, context.view(), {*now, 0});
  std::string json;
  wire::AppendExplanation(json, flag, explanation.evaluation, explanation.steps,
                          explanation.is_cut);
  return json;
}

}  // namespace

int Explain(const client::ClientOptions& options, const EvalArguments& arguments,
            const ExplainArguments& explain, bool json) {
  const auto context = BuildContext(arguments);
  if (!context) return Complain(context.error(), kExitUsage);
  const auto text = explain.file.empty() ? client::Client(options).Explain(arguments.flag, *context)
                                         : ExplainFile(explain, arguments.flag, *context);
  if (!text) return Complain(text.error(), kExitFailure);
  const auto explanation = wire::ReadJson(*text);
  if (!explanation) return Complain(explanation.error(), kExitFailure);
  std::cout << (json ? *text + '\n' : RenderExplanation(*explanation));
  const model::Value* evaluation = explanation->Find("evaluation");
  return evaluation != nullptr && evaluation->Find("errorCode") != nullptr ? kExitFailure : 0;
}

}  // namespace pennon::cli
