#include "cli/render.h"

#include <utility>

#include "base/json_text.h"
#include "base/visible_text.h"
#include "cli/table.h"

namespace pennon::cli {
namespace {

using client::BatchEntry;
using model::Value;

constexpr std::size_t kMaxValueWidth = 40;

std::string Padded(std::string_view text, std::size_t width) {
  std::string padded(text);
  if (padded.size() < width) padded.append(width - padded.size(), ' ');
  return padded;
}

// Not in the middle of a character.
std::string Shortened(const std::string& text) {
  if (text.size() <= kMaxValueWidth) return text;
  std::size_t end = kMaxValueWidth - 3;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string ShownValue(const BatchEntry& entry) {
  return entry.has_value ? entry.details.value.text : "(the caller's default)";
}

std::string Origin(const BatchEntry& entry) {
  const auto& details = entry.details;
  std::string text(Name(details.source));
  if (details.source == model::Source::kDefault) return text;
  text += ", revision " + std::to_string(details.revision);
  if (details.source == model::Source::kBootstrap) return text + ", never confirmed (stale)";
  text += ", confirmed " + Age(details.age_millis) + " ago";
  return details.stale ? text + " (stale)" : text;
}

std::string Text(const Value& object, std::string_view key) {
  const Value* found = object.Find(key);
  if (found == nullptr) return "";
  if (const std::string* text = found->AsString()) return *text;
  std::string json;
  AppendJson(json, *found);
  return json;
}

std::int64_t Number(const Value& object, std::string_view key) {
  const Value* found = object.Find(key);
  return found != nullptr && found->AsInt() != nullptr ? *found->AsInt() : 0;
}

bool IsTrue(const Value& object, std::string_view key) {
  const Value* found = object.Find(key);
  return found != nullptr && found->AsBool() != nullptr && *found->AsBool();
}

std::string Line(std::string_view name, const std::string& text) {
  return "  " + Padded(name, 12) + base::VisibleText(text) + '\n';
}

// The upstream answers, but what it sends is not put in force.
bool IsRefusal(const Value& environment) {
  const std::string refused = Text(environment, "refused");
  return !refused.empty() && refused == Text(environment, "lastError");
}

std::string StateInWords(const Value& environment) {
  const std::string state = Text(environment, "state");
  if (state == "live") return "live: the upstream answers";
  if (state == "upstream-down" && IsRefusal(environment)) {
    return "SET REFUSED: answers go on from the one in force";
  }
  if (state == "upstream-down") return "UPSTREAM DOWN: answers go on from what is in force";
  if (state == "no-upstream") return "serving without an upstream";
  return "NOT READY: callers get their own defaults";
}

// What an operator's order has to do with the set that serves; "" when nothing.
std::string RenderOrder(const Value& environment, bool is_only_one) {
  const std::string newest = Text(environment, "newest");
  const bool is_pinned = IsTrue(environment, "pinned");
  if (environment.Find("newest") == nullptr && !is_pinned) return "";
  const std::string serves =
      Text(environment, "epoch") + '.' + Text(environment, "revision") + " serves";
  std::string end = "; end it with: pennon unpin";
  if (!is_only_one) end += " --environment " + Text(environment, "environment");
  if (!is_pinned) {
    const std::string than = newest.empty() ? "" : " than " + newest;
    return Line("ROLLED BACK", serves + " until there is a newer set" + than + end);
  }
  if (newest.empty()) return Line("PINNED", serves + ", also when there is a newer set" + end);
  return Line("PINNED", serves + "; the newest is " + newest + end);
}

// Those of several sources that do not answer; the others may be in force without them.
std::string RenderSources(const Value& environment) {
  const Value* const sources = environment.Find("sources");
  if (sources == nullptr || sources->AsArray() == nullptr) return "";
  std::string lines;
  for (const Value& one : *sources->AsArray()) {
    const std::string error = Text(one, "lastError");
    if (!error.empty()) lines += Line("SOURCE", Text(one, "name") + ": " + error);
  }
  return lines;
}

std::string RenderEnvironment(const Value& environment, bool is_only_one) {
  std::string page = Text(environment, "environment") + '\n';
  page += Line("state", StateInWords(environment));
  const bool is_ready = Text(environment, "state") != "not-ready";
  std::string flags = Text(environment, "flags") + " from " + Text(environment, "source");
  flags += ", epoch " + Text(environment, "epoch") + ", revision " + Text(environment, "revision");
  page += Line("flags", is_ready ? flags : "none yet");
  page += RenderOrder(environment, is_only_one);
  std::string age = Age(Number(environment, "ageMs")) + " ago";
  if (!is_ready || Text(environment, "source") == "bootstrap") age = "never";
  if (IsTrue(environment, "stale")) age += " (STALE)";
  page += Line("confirmed", age);
  const std::string upstream = Text(environment, "upstream");
  page += Line("upstream", upstream.empty() ? "none" : upstream);
  const std::int64_t next = Number(environment, "nextAttemptMs");
  if (!upstream.empty()) page += Line("next try", next == 0 ? "running now" : "in " + Age(next));
  const std::string last_error = Text(environment, "lastError");
  if (!last_error.empty() && !IsRefusal(environment)) page += Line("last error", last_error);
  const std::string refused = Text(environment, "refused");
  if (!refused.empty()) page += Line("refused", refused);
  page += RenderSources(environment);
  if (const Value* cache = environment.Find("cache")) {
    const std::string error = Text(*cache, "error");
    const std::string path = Text(*cache, "path");
    page += Line("cache", path.empty()           ? "off"
                          : IsTrue(*cache, "ok") ? "ok, " + path
                                                 : "NOT WRITTEN: " + error);
  }
  const Value* quarantined = environment.Find("quarantined");
  if (quarantined != nullptr && quarantined->AsArray() != nullptr) {
    for (const Value& one : *quarantined->AsArray()) {
      page += Line("QUARANTINED", Text(one, "key") + ": " + Text(one, "reason"));
    }
  }
  return page;
}

}  // namespace

std::string Age(std::int64_t millis) {
  const std::int64_t seconds = millis / 1000;
  if (seconds < 1) return std::to_string(millis) + " ms";
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) {
    return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  }
  if (seconds < 172'800) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86'400) + " d";
}

std::string RenderEvaluation(const BatchEntry& entry) {
  const auto& details = entry.details;
  std::string text = base::VisibleText(entry.key + " = " + ShownValue(entry)) + '\n';
  if (!details.variant.empty()) text += Line("variant", details.variant);
  text += Line("reason", std::string(Name(details.reason)));
  if (details.error != model::EvaluationError::kNone) {
    text += Line("error", std::string(Name(details.error)) + ": " + details.error_message);
  }
  text += Line("source", Origin(entry));
  if (details.metadata.size() > 2) text += Line("metadata", details.metadata);
  return text;
}

std::string RenderTable(const std::vector<BatchEntry>& entries) {
  std::vector<std::vector<std::string>> rows{{"FLAG", "VALUE", "VARIANT", "REASON"}};
  for (const BatchEntry& entry : entries) {
    const auto& details = entry.details;
    std::string reason(Name(details.reason));
    if (details.error != model::EvaluationError::kNone) {
      reason += ": " + std::string(Name(details.error));
    }
    rows.push_back({entry.key, Shortened(ShownValue(entry)), details.variant, std::move(reason)});
  }
  std::string table = RenderRows(rows);
  if (!entries.empty()) table += "from " + Origin(entries.front()) + '\n';
  return table;
}

std::string EvaluationsJson(const std::vector<BatchEntry>& entries) {
  std::string text;
  base::JsonObject object(text);
  for (const BatchEntry& entry : entries) {
    const auto& details = entry.details;
    base::JsonObject one(object.Key(entry.key));
    if (entry.has_value) one.Raw("value", details.value.text);
    one.String("variant", details.variant).String("reason", Name(details.reason));
    if (details.error != model::EvaluationError::kNone) {
      one.String("errorCode", Name(details.error)).String("errorDetails", details.error_message);
    }
    one.String("source", Name(details.source)).Uint("epoch", details.epoch);
    one.Uint("revision", details.revision).Int("ageMs", details.age_millis);
    one.Bool("stale", details.stale);
    one.Raw("metadata", details.metadata.empty() ? "{}" : details.metadata).Close();
  }
  object.Close();
  return text + '\n';
}

std::string RenderStatus(const Value& status) {
  std::string page = Text(status, "program") + ' ' + Text(status, "version") + ", pid " +
                     Text(status, "pid") + ", up " + Age(Number(status, "uptimeMs")) + "\n\n";
  if (const Value* environments = status.Find("environments")) {
    if (environments->AsArray() != nullptr) {
      const bool is_only_one = environments->AsArray()->size() == 1;
      for (const Value& one : *environments->AsArray()) {
        page += RenderEnvironment(one, is_only_one);
      }
    }
  }
  page += "\nlisteners\n";
  const Value* listeners = status.Find("listeners");
  if (listeners == nullptr || listeners->AsArray() == nullptr) return page;
  for (const Value& one : *listeners->AsArray()) {
    page += Line(Text(one, "name"), Text(one, "address") + ", " + Text(one, "open") + " open, " +
                                        Text(one, "accepted") + " accepted, " +
                                        Text(one, "refused") + " refused");
  }
  return page;
}

}  // namespace pennon::cli
