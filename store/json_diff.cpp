#include "store/json_diff.h"

#include <algorithm>

#include "base/json_text.h"

namespace pennon::store {
namespace {

using model::Array;
using model::Object;
using model::Value;
using Kind = Difference::Kind;

// A longer text tells nobody more.
constexpr std::size_t kMaxWordBytes = 120;

struct Place {
  std::string pointer;
  std::string path;

  [[nodiscard]] Place Member(const std::string& name) const {
    std::string escaped;
    for (const char c : name) {
      if (c == '~' || c == '/') {
        escaped += c == '~' ? "~0" : "~1";
      } else {
        escaped += c;
      }
    }
    return {pointer + '/' + escaped, path.empty() ? name : path + '.' + name};
  }
  [[nodiscard]] Place Element(std::size_t index) const {
    return {pointer + '/' + std::to_string(index), path + '[' + std::to_string(index) + ']'};
  }
};

// As deep as the documents, which the JSON reader limits.
class Comparison {
 public:
  void Run(const Value& before, const Value& after, const Place& place) {
    if (before == after) return;
    if (before.AsObject() != nullptr && after.AsObject() != nullptr) {
      CompareObjects(before, after, place);
    } else if (before.AsArray() != nullptr && after.AsArray() != nullptr) {
      CompareArrays(*before.AsArray(), *after.AsArray(), place);
    } else {
      Note(Kind::kReplaced, place, before, after);
    }
  }

  std::vector<Difference> differences;

 private:
  void Note(Kind kind, const Place& place, const Value& before, const Value& after) {
    differences.push_back({kind, place.pointer, place.path, before, after});
  }
  void CompareObjects(const Value& before, const Value& after, const Place& place) {
    for (const auto& [name, value] : *before.AsObject()) {
      const Value* other = after.Find(name);
      if (other == nullptr) {
        Note(Kind::kRemoved, place.Member(name), value, {});
      } else {
        Run(value, *other, place.Member(name));
      }
    }
    for (const auto& [name, value] : *after.AsObject()) {
      if (before.Find(name) == nullptr) Note(Kind::kAdded, place.Member(name), {}, value);
    }
  }
  void CompareArrays(const Array& before, const Array& after, const Place& place) {
    const std::size_t common = std::min(before.size(), after.size());
    for (std::size_t i = 0; i < common; ++i) Run(before[i], after[i], place.Element(i));
    for (std::size_t i = before.size(); i > common; --i) {
      Note(Kind::kRemoved, place.Element(i - 1), before[i - 1], {});
    }
    for (std::size_t i = common; i < after.size(); ++i) {
      Note(Kind::kAdded, place.Element(i), {}, after[i]);
    }
  }
};

// Cut at a character's beginning.
std::string Shown(const Value& value) {
  std::string text;
  AppendJson(text, value);
  if (text.size() <= kMaxWordBytes) return text;
  std::size_t end = kMaxWordBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

std::vector<Difference> Compare(const Value& before, const Value& after) {
  Comparison comparison;
  comparison.Run(before, after, {});
  return std::move(comparison.differences);
}

std::string InWords(const Difference& difference) {
  const std::string place = difference.path.empty() ? "all of it" : difference.path;
  switch (difference.kind) {
    case Kind::kAdded:
      return place + ": added, " + Shown(difference.after);
    case Kind::kRemoved:
      return place + ": removed, was " + Shown(difference.before);
    case Kind::kReplaced:
      break;
  }
  return place + ": " + Shown(difference.before) + " becomes " + Shown(difference.after);
}

void AppendJsonPatch(std::string& out, const std::vector<Difference>& differences) {
  out += '[';
  for (std::size_t i = 0; i < differences.size(); ++i) {
    const Difference& difference = differences[i];
    if (i != 0) out += ',';
    base::JsonObject operation(out);
    const bool is_removal = difference.kind == Kind::kRemoved;
    operation.String("op", is_removal                        ? "remove"
                           : difference.kind == Kind::kAdded ? "add"
                                                             : "replace");
    operation.String("path", difference.pointer);
    if (!is_removal) AppendJson(operation.Key("value"), difference.after);
    operation.Close();
  }
  out += ']';
}

}  // namespace pennon::store
