#include "model/value.h"

#include <algorithm>
#include <array>

#include "base/json_text.h"
#include "base/short_text.h"

namespace pennon::model {
namespace {

constexpr std::array<std::string_view, 7> kTypeNames{
    "null", "a boolean", "a whole number", "a number", "a string", "an array", "an object"};

struct Append {
  std::string& out;

  void operator()(std::nullptr_t) const { out += "null"; }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(std::int64_t value) const { base::AppendJsonInt(out, value); }
  void operator()(double value) const { base::AppendJsonDouble(out, value); }
  void operator()(const std::string& value) const { base::AppendJsonString(out, value); }
  void operator()(const Array& array) const {
    char separator = '[';
    for (const Value& element : array) {
      out += std::exchange(separator, ',');
      AppendJson(out, element);
    }
    out += array.empty() ? "[]" : "]";
  }
  void operator()(const Object& object) const {
    base::JsonObject writer(out);
    for (const auto& [key, value] : object) {
      writer.Key(key);
      AppendJson(out, value);
    }
    writer.Close();
  }
};

}  // namespace

const Value* Value::Find(std::string_view key) const {
  const Object* object = AsObject();
  if (object == nullptr) return nullptr;
  const auto found = std::find_if(object->begin(), object->end(), [&](const auto& member) {
    return base::SameText(member.first, key);
  });
  return found == object->end() ? nullptr : &found->second;
}

std::string_view TypeName(const Value& value) {
  return kTypeNames[value.data.index()];
}

// Recursive: values are built by wire/json.h, which bounds their depth.
void AppendJson(std::string& out, const Value& value) {
  std::visit(Append{out}, value.data);
}

}  // namespace pennon::model
