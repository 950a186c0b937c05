#include "cli/indented_json.h"

#include <algorithm>

#include "base/json_text.h"

namespace pennon::cli {
namespace {

using model::Value;

constexpr std::size_t kColumns = 100;
constexpr std::size_t kIndentation = 2;

// Appends `value` on one line, as long as `out` does not grow beyond `limit`.
bool AppendOnOneLine(std::string& out, const Value& value, std::size_t limit) {
  bool is_first = true;
  const auto separate = [&] {
    if (!is_first) out += ", ";
    is_first = false;
  };
  if (const model::Object* object = value.AsObject()) {
    out += '{';
    for (const auto& [key, member] : *object) {
      separate();
      base::AppendJsonString(out, key);
      out += ": ";
      if (!AppendOnOneLine(out, member, limit)) return false;
    }
    out += '}';
  } else if (const model::Array* array = value.AsArray()) {
    out += '[';
    for (const Value& element : *array) {
      separate();
      if (!AppendOnOneLine(out, element, limit)) return false;
    }
    out += ']';
  } else {
    AppendJson(out, value);
  }
  return out.size() <= limit;
}

// Recursive: readers bound the depth.
void AppendIndented(std::string& out, const Value& value, std::size_t level) {
  const std::size_t begin = out.size();
  const std::size_t column = begin - (out.rfind('\n') + 1);  // npos + 1 is 0
  const std::size_t room = kColumns - std::min(kColumns, column + 1);
  if (level > 0 && AppendOnOneLine(out, value, begin + room)) return;
  out.resize(begin);
  const auto line = [&](std::size_t at) {
    out += '\n';
    out.append(at * kIndentation, ' ');
  };
  bool is_first = true;
  const auto next = [&] {
    if (!is_first) out += ',';
    is_first = false;
    line(level + 1);
  };
  if (const model::Object* object = value.AsObject(); object != nullptr && !object->empty()) {
    out += '{';
    for (const auto& [key, member] : *object) {
      next();
      base::AppendJsonString(out, key);
      out += ": ";
      AppendIndented(out, member, level + 1);
    }
    line(level);
    out += '}';
  } else if (const model::Array* array = value.AsArray(); array != nullptr && !array->empty()) {
    out += '[';
    for (const Value& element : *array) {
      next();
      AppendIndented(out, element, level + 1);
    }
    line(level);
    out += ']';
  } else {
    AppendJson(out, value);
  }
}

}  // namespace

std::string IndentedJson(const Value& value) {
  std::string out;
  AppendIndented(out, value, 0);
  return out;
}

}  // namespace pennon::cli
