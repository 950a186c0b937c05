#include "cli/store_commands.h"

#include <algorithm>
#include <charconv>
#include <iostream>

#include "base/json_text.h"
#include "cli/commands.h"
#include "cli/indented_json.h"
#include "cli/input.h"
#include "cli/store_client.h"
#include "cli/style.h"
#include "cli/table.h"
#include "wire/json.h"

namespace pennon::cli {
namespace {

using base::Error;
using base::Fail;
using base::Result;

constexpr std::int64_t kWeightsOfOnePercent = 100;

Result<model::Value> Ask(const StoreCall& call) {
  const auto login = FindLogin();
  if (!login) return Fail(login.error());
  const auto body = CallStore(*login, call);
  if (!body) return Fail(body.error());
  if (body->empty()) return model::Value();
  return wire::ReadJson(*body);
}

// Prints one answer: as it is for machines, else by `show`.
template <typename Show>
int Answer(const StoreArguments& arguments, const Result<model::Value>& answer, Show show) {
  if (!answer) return Complain(answer.error(), kExitFailure);
  if (arguments.json) {
    std::string text;
    AppendJson(text, *answer);
    std::cout << text << '\n';
  } else {
    show(*answer);
  }
  return 0;
}

int AnswerDocument(const StoreArguments& arguments, const Result<model::Value>& answer) {
  return Answer(arguments, answer,
                [](const model::Value& value) { std::cout << IndentedJson(value) << '\n'; });
}

int AnswerTable(const StoreArguments& arguments, const Result<model::Value>& answer,
                const char* member, const std::vector<std::string>& columns) {
  return Answer(arguments, answer, [&](const model::Value& value) {
    const model::Value* const list = value.Find(member);
    if (list != nullptr) std::cout << RenderObjects(*list, columns);
    if (const model::Value* next = value.Find("next"); next != nullptr) {
      std::cout << Styled("there is more: raise --limit", Style::kDim) << '\n';
    }
  });
}

std::string Environment(const StoreArguments& arguments) {
  return "/environments/" + UrlEncoded(arguments.environment);
}

std::string Query(const StoreArguments& arguments) {
  std::string query = arguments.is_dry_run ? "?dryRun=true" : "";
  if (!arguments.comment.empty()) {
    query += (query.empty() ? "?comment=" : "&comment=") + UrlEncoded(arguments.comment);
  }
  return query;
}

// Carries out one instruction (JSON) about the flag's configuration.
int Instruct(const StoreArguments& arguments, const std::string& instruction,
             const std::string& done) {
  const auto answer = Ask(
      {"PATCH", Environment(arguments) + "/flags/" + UrlEncoded(arguments.key) + Query(arguments),
       "{\"instructions\":[" + instruction + "]}"});
  return Answer(arguments, answer, [&](const model::Value& value) {
    const model::Value* const revision = value.Find("revision");
    std::cout << arguments.key << ' ' << Styled(done, Style::kGood) << " in "
              << arguments.environment;
    if (revision != nullptr && revision->AsInt() != nullptr) {
      std::cout << ", revision " << *revision->AsInt();
    }
    std::cout << (arguments.is_dry_run ? " (dry run: nothing was changed)" : "") << '\n';
  });
}

Result<std::pair<std::string, std::string>> Pair(const std::string& text, const char* what) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return Fail(Error::Invalid(what, "is \"" + text + "\", expected name=value"));
  }
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

}  // namespace

int Login(const std::string& url, const std::string& ca_file) {
  StoreLogin login{url, "", ca_file};
  while (login.url.ends_with('/')) login.url.pop_back();
  if (!login.url.starts_with("http://") && !login.url.starts_with("https://")) {
    return Complain(Error::Invalid("url", "expected http:// or https://"), kExitUsage);
  }
  auto token = ReadSecret("token");
  if (!token) return Complain(token.error(), kExitFailure);
  login.token = std::move(*token);
  const auto answer = CallStore(login, {"GET", "/environments", ""});
  if (!answer) return Complain(answer.error(), kExitFailure);
  const auto kept = KeepLogin(login);
  if (!kept) return Complain(kept.error(), kExitFailure);
  std::cout << "signed in to " << login.url << "; kept in " << *kept << '\n';
  return 0;
}

int FlagList(const StoreArguments& arguments) {
  return AnswerTable(arguments, Ask({"GET", "/flags?limit=" + std::to_string(arguments.limit), ""}),
                     "flags", {"key", "type", "lifecycle", "owner", "updatedAt"});
}

int FlagGet(const StoreArguments& arguments) {
  return AnswerDocument(
      arguments, Ask({"GET", Environment(arguments) + "/flags/" + UrlEncoded(arguments.key), ""}));
}

int FlagCreate(const StoreArguments& arguments) {
  std::string variants;
  for (const std::string& given : arguments.variants) {
    const auto pair = Pair(given, "--variant");
    if (!pair) return Complain(pair.error(), kExitUsage);
    if (!variants.empty()) variants += ',';
    variants += "{\"key\":";
    base::AppendJsonString(variants, pair->first);
    variants += ",\"value\":";
    if (arguments.type == "string") {
      base::AppendJsonString(variants, pair->second);
    } else if (wire::ReadJson(pair->second)) {
      variants += pair->second;
    } else {
      return Complain(Error::Invalid("--variant", "\"" + given + "\" has no JSON value"),
                      kExitUsage);
    }
    variants += '}';
  }
  if (variants.empty() && arguments.type == "boolean") {
    variants = R"({"key":"on","value":true},{"key":"off","value":false})";
  }
  std::string body = "{\"key\":";
  base::AppendJsonString(body, arguments.key);
  body += ",\"type\":\"" + arguments.type + "\",\"variants\":[" + variants + "]}";
  return Answer(arguments, Ask({"POST", "/flags" + Query(arguments), body}),
                [&](const model::Value&) {
                  std::cout << arguments.key << " is created, and off everywhere; next: pennon "
                            << "flag on " << arguments.key << '\n';
                });
}

int FlagSwitch(const StoreArguments& arguments, const std::string& kind) {
  std::string instruction = "{\"kind\":\"" + kind + '"';
  if (kind == "kill" && !arguments.comment.empty()) {
    instruction += ",\"reason\":";
    base::AppendJsonString(instruction, arguments.comment);
  }
  const std::string done = kind == "turnOn"    ? "is on"
                           : kind == "turnOff" ? "is off"
                           : kind == "kill"    ? "is killed"
                                               : "is not killed any more";
  return Instruct(arguments, instruction + '}', done);
}

int FlagRollout(const StoreArguments& arguments) {
  std::string weights;
  std::int64_t sum = 0;
  for (const std::string& given : arguments.values) {
    const auto pair = Pair(given, "rollout");
    if (!pair) return Complain(pair.error(), kExitUsage);
    double percent = -1;
    const char* const end = pair->second.data() + pair->second.size();
    const auto parsed = std::from_chars(pair->second.data(), end, percent);
    if (parsed.ec != std::errc() || parsed.ptr != end || !(percent >= 0 && percent <= 100)) {
      return Complain(Error::Invalid("rollout", "\"" + given + "\": expected 0 to 100 percent"),
                      kExitUsage);
    }
    const auto weight = static_cast<std::int64_t>(percent * kWeightsOfOnePercent + 0.5);
    sum += weight;
    if (!weights.empty()) weights += ',';
    weights += "{\"variant\":";
    base::AppendJsonString(weights, pair->first);
    weights += ",\"weight\":" + std::to_string(weight) + '}';
  }
  if (sum != 100 * kWeightsOfOnePercent) {
    return Complain(Error::Invalid("rollout", "the percentages must be 100 together"), kExitUsage);
  }
  return Instruct(arguments, "{\"kind\":\"setRollout\",\"weights\":[" + weights + "]}",
                  "is rolled out");
}

int FlagTarget(const StoreArguments& arguments) {
  std::string instruction = "{\"kind\":\"addTarget\",\"variant\":";
  base::AppendJsonString(instruction, arguments.variant);
  instruction += ",\"values\":[";
  for (const std::string& value : arguments.values) {
    if (instruction.back() != '[') instruction += ',';
    base::AppendJsonString(instruction, value);
  }
  return Instruct(arguments, instruction + "]}", "has its targets");
}

int SegmentList(const StoreArguments& arguments) {
  return AnswerTable(
      arguments,
      Ask({"GET", Environment(arguments) + "/segments?limit=" + std::to_string(arguments.limit),
           ""}),
      "segments", {"key", "name", "revision"});
}

int SegmentGet(const StoreArguments& arguments) {
  return AnswerDocument(
      arguments,
      Ask({"GET", Environment(arguments) + "/segments/" + UrlEncoded(arguments.key), ""}));
}

int SegmentSet(const StoreArguments& arguments) {
  const auto text = ReadInput(arguments.file);
  if (!text) return Complain(text.error(), kExitFailure);
  const std::string path = Environment(arguments) + "/segments/" + UrlEncoded(arguments.key);
  const auto before = Ask({"GET", path, ""});
  const bool is_new = !before && before.error().code() == base::ErrorCode::kNotFound;
  return AnswerDocument(arguments, Ask({"PUT", path + Query(arguments), *text, is_new}));
}

int SegmentDelete(const StoreArguments& arguments) {
  const auto answer = Ask(
      {"DELETE",
       Environment(arguments) + "/segments/" + UrlEncoded(arguments.key) + Query(arguments), ""});
  return Answer(arguments, answer,
                [&](const model::Value&) { std::cout << arguments.key << " is deleted\n"; });
}

int EnvironmentList(const StoreArguments& arguments) {
  return AnswerTable(arguments, Ask({"GET", "/environments", ""}), "environments",
                     {"key", "name", "protected", "revision", "createdAt"});
}

int EnvironmentCreate(const StoreArguments& arguments) {
  std::string body = "{\"key\":";
  base::AppendJsonString(body, arguments.key);
  return AnswerDocument(arguments, Ask({"POST", "/environments" + Query(arguments), body + '}'}));
}

int Audit(const StoreArguments& arguments) {
  std::string path = "/audit?limit=" + std::to_string(arguments.limit);
  if (!arguments.key.empty()) path += "&key=" + UrlEncoded(arguments.key);
  return AnswerTable(arguments, Ask({"GET", path, ""}), "entries",
                     {"at", "actor", "action", "kind", "key", "environment", "comment"});
}

int Import(const StoreArguments& arguments) {
  const auto text = ReadInput(arguments.file);
  if (!text) return Complain(text.error(), kExitFailure);
  std::string query = Query(arguments);
  if (arguments.format != "native") {
    query += (query.empty() ? "?from=" : "&from=") + arguments.format;
  }
  return AnswerDocument(arguments,
                        Ask({"POST", Environment(arguments) + "/import" + query, *text}));
}

int Export(const StoreArguments& arguments) {
  return AnswerDocument(arguments, Ask({"GET", Environment(arguments) + "/export", ""}));
}

}  // namespace pennon::cli
