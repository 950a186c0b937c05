#include "cli/render_explanation.h"

#include <cstdint>
#include <string_view>

#include "base/visible_text.h"

namespace pennon::cli {
namespace {

using model::Value;

// A member as text: "" when it is absent.
std::string Text(const Value& object, std::string_view member) {
  const Value* found = object.Find(member);
  if (found == nullptr) return {};
  if (const std::string* text = found->AsString()) return *text;
  std::string json;
  AppendJson(json, *found);
  return json;
}
std::int64_t Number(const Value& object, std::string_view member) {
  const Value* found = object.Find(member);
  return found != nullptr && found->AsInt() != nullptr ? *found->AsInt() : 0;
}
bool Holds(const Value& step) {
  return Text(step, "held") == "true";
}

std::string YesOrNo(const Value& step) {
  return Holds(step) ? ": yes" : ": no";
}
std::string Quoted(const std::string& text) {
  return '"' + text + '"';
}

std::string PlaceText(const Value& step) {
  const Value* place = step.Find("place");
  if (place == nullptr) return ": the context has none of it";
  return ": place " + Text(*place, "position") + " of " + Text(*place, "total");
}

std::string FlagText(const Value& step) {
  std::string text = "flag " + Text(step, "name") + " is " + Text(step, "test");
  const std::string variant = Text(step, "variant");
  return text + (variant.empty() ? ", serves no variant" : ", serves " + Quoted(variant));
}
std::string RuleText(const Value& step) {
  const std::string id = Text(step, "name");
  return "rule " + Text(step, "index") + (id.empty() ? "" : ' ' + Quoted(id)) +
         (Holds(step) ? ": serves" : ": passed over");
}
std::string TestText(const Value& step) {
  const std::string name = Text(step, "name");
  const std::string found = Text(step, "found");
  return (name.empty() ? "" : name + ' ') + Text(step, "test") +
         (found.empty() ? "" : " (" + found + ')') + YesOrNo(step);
}
std::string SegmentText(const Value& step) {
  const std::string list = Text(step, "test");
  return "segment " + Text(step, "name") + (list.empty() ? "" : ", in its list " + list) +
         YesOrNo(step);
}
// ", let in are 0 … 72"
std::string ShareText(const Value& step, std::string_view verb) {
  const Value* place = step.Find("place");
  if (place == nullptr) return "";
  return ", " + std::string(verb) + ' ' + Text(*place, "from") + " … " +
         std::to_string(Number(*place, "to") - 1);
}
std::string GateText(const Value& step) {
  return "gate by " + Text(step, "name") + PlaceText(step) + ShareText(step, "let in are") +
         YesOrNo(step);
}
std::string SplitText(const Value& step) {
  const std::string variant = Text(step, "variant");
  return "split by " + Text(step, "name") + PlaceText(step) +
         (variant.empty() ? ""
                          : ", serves " + Quoted(variant) + ShareText(step, "whose places are"));
}

std::string LogicText(const Value& step) {
  return Holds(step) ? "jsonlogic: serves " + Quoted(Text(step, "variant"))
                     : "jsonlogic: names no variant";
}

std::string StepText(const Value& step) {
  const std::string kind = Text(step, "kind");
  if (kind == "flag") return FlagText(step);
  if (kind == "prerequisite") return "needs " + Text(step, "name") + YesOrNo(step);
  if (kind == "target") return "target " + Quoted(Text(step, "variant")) + ": " + TestText(step);
  if (kind == "rule") return RuleText(step);
  if (kind == "test") return TestText(step);
  if (kind == "segment") return SegmentText(step);
  if (kind == "gate") return GateText(step);
  if (kind == "split") return SplitText(step);
  if (kind == "jsonlogic") return LogicText(step);
  return kind;
}

std::string AnswerText(const Value& evaluation) {
  const std::string key = Text(evaluation, "key");
  if (evaluation.Find("errorCode") != nullptr) {
    return key + ": " + Text(evaluation, "errorCode") + ", " + Text(evaluation, "errorDetails");
  }
  const Value* value = evaluation.Find("value");
  std::string json = "the caller's default";
  if (value != nullptr) AppendJson(json = "", *value);
  return key + " = " + json + "  " + Text(evaluation, "reason");
}

}  // namespace

std::string RenderExplanation(const Value& explanation) {
  constexpr std::size_t kIndent = 2;
  std::string out;
  if (const Value* evaluation = explanation.Find("evaluation")) {
    out = base::VisibleText(AnswerText(*evaluation)) + '\n';
  }
  const Value* steps = explanation.Find("steps");
  if (steps == nullptr || steps->AsArray() == nullptr) return out;
  for (const Value& step : *steps->AsArray()) {
    const auto depth = static_cast<std::size_t>(Number(step, "depth")) + 1;
    out.append(depth * kIndent, ' ').append(base::VisibleText(StepText(step))).append(1, '\n');
  }
  if (Text(explanation, "cut") == "true") out += "  … and more steps\n";
  return out;
}

}  // namespace pennon::cli
