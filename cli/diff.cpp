#include "cli/diff.h"

#include <chrono>
#include <iostream>

#include "base/json_text.h"
#include "cli/commands.h"
#include "cli/difference.h"
#include "cli/input.h"
#include "cli/style.h"
#include "cli/table.h"
#include "model/context.h"
#include "wire/json.h"

namespace pennon::cli {
namespace {

using base::Error;
using base::Fail;
using base::Result;

struct Recorded {
  std::string name;  // its targeting key, or its place in the file
  client::Context context;
};

struct AnswerChange {
  std::string context;
  std::string flag;
  std::optional<ComparedAnswer> before;  // none: there is no such flag
  std::optional<ComparedAnswer> after;
};

Result<Recorded> RecordedOf(const model::Value& value, std::size_t number) {
  const auto* const members = value.AsObject();
  const std::string place = "context " + std::to_string(number);
  if (members == nullptr) return Fail(Error::Invalid(place, "expected a JSON object"));
  Recorded recorded{"#" + std::to_string(number), {}};
  for (const auto& [name, member] : *members) recorded.context.SetJson(name, member);
  const model::Value* const key = value.Find(model::kTargetingKey);
  if (key != nullptr && key->AsString() != nullptr) recorded.name = *key->AsString();
  return recorded;
}

// An array of contexts, or one in each line.
Result<std::vector<Recorded>> ReadContexts(const std::string& file) {
  std::vector<Recorded> contexts;
  const auto text = ReadInput(file);
  if (!text) return Fail(text.error());
  std::vector<model::Value> values;
  if (const auto whole = wire::ReadJson(*text); whole && whole->AsArray() != nullptr) {
    values = *whole->AsArray();
  } else {
    for (std::size_t at = 0, line = 1; at < text->size(); ++line) {
      const std::size_t end = std::min(text->find('\n', at), text->size());
      const std::string_view one = std::string_view(*text).substr(at, end - at);
      at = end + 1;
      if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      auto value = wire::ReadJson(one);
      if (!value) {
        return Fail(
            Error::Invalid(NameOfInput(file) + ':' + std::to_string(line),
                           "expected a context as a JSON object in each line, or an array"));
      }
      values.push_back(std::move(*value));
    }
  }
  for (const model::Value& value : values) {
    auto recorded = RecordedOf(value, contexts.size() + 1);
    if (!recorded) return Fail(recorded.error().Within(NameOfInput(file)));
    contexts.push_back(std::move(*recorded));
  }
  return contexts;
}

Result<void> CompareAnswers(const ComparedSet& before, const ComparedSet& after,
                            const Recorded& recorded, std::int64_t now,
                            std::vector<AnswerChange>& changes) {
  const auto old = before.Answers(recorded.context, now);
  if (!old) return Fail(old.error());
  const auto next = after.Answers(recorded.context, now);
  if (!next) return Fail(next.error());
  auto all = *old;
  all.insert(next->begin(), next->end());
  for (const auto& one : all) {
    const auto was = old->find(one.first);
    const auto is = next->find(one.first);
    AnswerChange change{recorded.name, one.first, std::nullopt, std::nullopt};
    if (was != old->end()) change.before = was->second;
    if (is != next->end()) change.after = is->second;
    if (change.before != change.after) changes.push_back(std::move(change));
  }
  return {};
}

std::string TextOf(const std::optional<ComparedAnswer>& answer) {
  if (!answer) return "no such flag";
  const std::string value = answer->value.empty() ? "the caller's default" : answer->value;
  return value + "  " + answer->reason;
}

void ShowDefinitions(const std::vector<DefinitionChange>& definitions) {
  std::vector<std::vector<std::string>> rows{{"KIND", "KEY", "CHANGE", "PARTS"}};
  for (const DefinitionChange& one : definitions) {
    std::string parts;
    for (const std::string& part : one.parts) parts += (parts.empty() ? "" : ", ") + part;
    rows.push_back({one.kind, one.key, one.change, parts});
  }
  std::cout << (definitions.empty() ? "no definition differs\n" : RenderRows(rows));
}

void ShowAnswers(const std::vector<AnswerChange>& answers, std::size_t contexts) {
  std::vector<std::vector<std::string>> rows{{"CONTEXT", "FLAG", "BEFORE", "AFTER"}};
  for (const AnswerChange& one : answers) {
    rows.push_back({one.context, one.flag, TextOf(one.before), TextOf(one.after)});
  }
  std::cout << (answers.empty() ? "no answer differs" : RenderRows(rows))
            << (answers.empty() ? "\n" : "");
  std::cout << Styled(std::to_string(answers.size()) + " of the answers to " +
                          std::to_string(contexts) + " contexts differ",
                      Style::kDim)
            << '\n';
}

void AppendAnswer(base::JsonObject& object, const char* name,
                  const std::optional<ComparedAnswer>& answer) {
  std::string& out = object.Key(name);
  if (!answer) {
    out += "null";
    return;
  }
  base::JsonObject one(out);
  one.Key("value") += answer->value.empty() ? "null" : answer->value;
  one.String("variant", answer->variant).String("reason", answer->reason).Close();
}

void AppendDefinitions(std::string& out, const std::vector<DefinitionChange>& definitions) {
  char separator = '[';
  for (const DefinitionChange& one : definitions) {
    out += std::exchange(separator, ',');
    base::JsonObject change(out);
    change.String("kind", one.kind).String("key", one.key).String("change", one.change);
    std::string& parts = change.Key("parts");
    char comma = '[';
    for (const std::string& part : one.parts) {
      parts += std::exchange(comma, ',');
      base::AppendJsonString(parts, part);
    }
    parts += one.parts.empty() ? "[]" : "]";
    change.Close();
  }
  out += definitions.empty() ? "[]" : "]";
}

std::string Json(const std::optional<std::vector<DefinitionChange>>& definitions,
                 const std::vector<AnswerChange>& answers) {
  std::string text;
  base::JsonObject object(text);
  std::string& out = object.Key("definitions");
  if (definitions) {
    AppendDefinitions(out, *definitions);
  } else {
    out += "null";
  }
  object.Key("answers");
  char separator = '[';
  for (const AnswerChange& one : answers) {
    out += std::exchange(separator, ',');
    base::JsonObject change(out);
    change.String("context", one.context).String("flag", one.flag);
    AppendAnswer(change, "before", one.before);
    AppendAnswer(change, "after", one.after);
    change.Close();
  }
  out += answers.empty() ? "[]" : "]";
  object.Close();
  return text + '\n';
}

constexpr int kTrouble = 2;  // as in diff(1): 1 is that something differs

}  // namespace

int Diff(const DiffArguments& arguments, bool json) {
  const auto before = ComparedSet::Open(arguments.before, arguments.places);
  if (!before) return Complain(before.error(), kTrouble);
  const auto after = ComparedSet::Open(arguments.after, arguments.places);
  if (!after) return Complain(after.error(), kTrouble);
  const bool has_definitions = before->set() && after->set();
  if (!has_definitions && arguments.contexts.empty()) {
    return Complain(Error::Invalid("live",
                                   "the daemon tells answers and no definitions: give "
                                   "--contexts FILE, or compare with \"store\""),
                    kTrouble);
  }
  std::optional<std::vector<DefinitionChange>> definitions;  // none: the daemon does not tell them
  if (has_definitions) definitions = CompareSets(*before->set(), *after->set());
  std::vector<AnswerChange> answers;
  std::size_t contexts = 0;
  if (!arguments.contexts.empty()) {
    const auto recorded = ReadContexts(arguments.contexts);
    if (!recorded) return Complain(recorded.error(), kTrouble);
    contexts = recorded->size();
    const std::int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count();
    for (const Recorded& one : *recorded) {
      const auto compared = CompareAnswers(*before, *after, one, now, answers);
      if (!compared) return Complain(compared.error(), kTrouble);
    }
  }
  if (json) {
    std::cout << Json(definitions, answers);
  } else {
    if (definitions) ShowDefinitions(*definitions);
    if (definitions && contexts > 0) std::cout << '\n';
    if (contexts > 0) ShowAnswers(answers, contexts);
  }
  if (!std::cout.flush()) return kTrouble;
  const bool differs = (definitions && !definitions->empty()) || !answers.empty();
  return arguments.sets_exit_code && differs ? kExitFailure : 0;
}

}  // namespace pennon::cli
