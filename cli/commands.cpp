#include "cli/commands.h"

#include <iostream>

#include "base/visible_text.h"
#include "cli/render.h"
#include "wire/json.h"

namespace pennon::cli {
namespace {

using base::Error;
using base::Fail;
using base::Result;

int Print(const Result<std::vector<client::BatchEntry>>& entries, bool json, bool as_table) {
  if (!entries) return Complain(entries.error(), kExitFailure);
  if (json) {
    std::cout << EvaluationsJson(*entries);
  } else if (as_table) {
    std::cout << RenderTable(*entries);
  } else {
    for (const auto& entry : *entries) std::cout << RenderEvaluation(entry);
  }
  for (const auto& entry : *entries) {
    const bool failed = entry.details.error != model::EvaluationError::kNone;
    if (failed && !as_table) return kExitFailure;
  }
  return 0;
}

// Of a daemon that serves `environment`; "" means whatever it serves.
Result<model::Value> ReadStatus(client::Client& client, std::string_view environment) {
  const auto text = client.Status();
  if (!text) return Fail(text.error());
  auto status = wire::ReadJson(*text);
  if (!status || environment.empty()) return status;
  const model::Value* const served = status->Find("environments");
  if (served != nullptr && served->AsArray() != nullptr) {
    for (const model::Value& one : *served->AsArray()) {
      const model::Value* const name = one.Find("environment");
      if (name != nullptr && *name == model::Value(std::string(environment))) return status;
    }
  }
  return Fail(Error::NotFound("environment",
                              "there is no environment \"" + std::string(environment) + "\" here"));
}

int PrintVerdict(std::string_view name, bool good, const std::string& why, bool json) {
  if (json) {
    std::cout << "{\"" << name << "\":" << (good ? "true" : "false") << "}\n";
  } else if (good) {
    std::cout << name << '\n';
  }
  if (!good && !json) std::cerr << "pennon: not " << name << ": " << why << '\n';
  return good ? 0 : kExitFailure;
}

}  // namespace

int Complain(const Error& error, int exit_code) {
  std::cerr << "pennon: " << base::VisibleText(error.Message()) << '\n';
  return exit_code;
}

Result<client::Context> BuildContext(const EvalArguments& arguments) {
  client::Context context;
  if (!arguments.context_json.empty()) {
    const auto value = wire::ReadJson(arguments.context_json);
    if (!value) return Fail(value.error().Within("--context"));
    if (value->AsObject() == nullptr) {
      return Fail(Error::Invalid("--context", "expected a JSON object"));
    }
    for (const auto& [name, member] : *value->AsObject()) context.SetJson(name, member);
  }
  for (const std::string& attribute : arguments.attributes) {
    const std::size_t equals = attribute.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(Error::Invalid("--attribute", "is \"" + attribute + "\", expected name=value"));
    }
    const std::string name = attribute.substr(0, equals);
    const std::string text = attribute.substr(equals + 1);
    if (const auto value = wire::ReadJson(text)) {
      context.SetJson(name, *value);
    } else {
      context.Set(name, text);
    }
  }
  if (!arguments.targeting_key.empty()) {
    context.Set(model::kTargetingKey, arguments.targeting_key);
  }
  return context;
}

int Eval(client::Client& client, const EvalArguments& arguments, bool json) {
  const auto context = BuildContext(arguments);
  if (!context) return Complain(context.error(), kExitUsage);
  return Print(client.Batch({arguments.flag}, *context), json, false);
}

int Flags(client::Client& client, const EvalArguments& arguments, bool json) {
  const auto context = BuildContext(arguments);
  if (!context) return Complain(context.error(), kExitUsage);
  const auto entries = client.Batch({}, *context);
  if (entries && entries->empty()) {  // because nobody has made one, or there is no flag set
    const auto none = client.GetDetails("", *context, false);
    if (none.error == model::EvaluationError::kProviderNotReady) {
      return Complain(Error::Unavailable("", none.error_message), kExitFailure);
    }
  }
  return Print(entries, json, true);
}

int Status(client::Client& client, std::string_view environment, bool json) {
  const auto status = ReadStatus(client, environment);
  if (!status) return Complain(status.error(), kExitFailure);
  if (json) {
    std::string text;
    AppendJson(text, *status);
    std::cout << text << '\n';
    return 0;
  }
  std::cout << RenderStatus(*status);
  return 0;
}

int Health(client::Client& client, bool json) {
  const auto pong = client.Ping();
  return PrintVerdict("alive", pong.has_value(), pong ? "" : pong.error().Message(), json);
}

int Ready(client::Client& client, std::string_view environment, bool json) {
  const auto status = ReadStatus(client, environment);
  if (!status) return PrintVerdict("ready", false, status.error().Message(), json);
  const model::Value* environments = status->Find("environments");
  if (environments == nullptr || environments->AsArray() == nullptr ||
      environments->AsArray()->empty()) {
    return PrintVerdict("ready", false, "the status names no environment", json);
  }
  for (const model::Value& one : *environments->AsArray()) {
    const model::Value* state = one.Find("state");
    if (state != nullptr && *state == model::Value("not-ready")) {
      const model::Value* const name = one.Find("environment");
      const bool is_named = name != nullptr && name->AsString() != nullptr;
      return PrintVerdict("ready", false,
                          "there is no flag set yet" + (is_named ? " of " + *name->AsString() : ""),
                          json);
    }
  }
  return PrintVerdict("ready", true, "", json);
}

}  // namespace pennon::cli
