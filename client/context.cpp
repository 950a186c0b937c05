#include "client/context.h"

namespace pennon::client {

Context& Context::Set(std::string_view name, bool value) {
  context_.AddBool(Keep(name), value);
  return *this;
}
Context& Context::Set(std::string_view name, std::int64_t value) {
  context_.AddInt(Keep(name), value);
  return *this;
}
Context& Context::Set(std::string_view name, double value) {
  context_.AddDouble(Keep(name), value);
  return *this;
}
Context& Context::Set(std::string_view name, std::string_view value) {
  context_.AddString(Keep(name), Keep(value));
  return *this;
}
Context& Context::SetJson(std::string_view name, const model::Value& value) {
  Add(Keep(name), value);
  return *this;
}

void Context::Add(std::string_view name, const model::Value& value) {
  if (const bool* boolean = value.AsBool()) return context_.AddBool(name, *boolean);
  if (const auto* integer = value.AsInt()) return context_.AddInt(name, *integer);
  if (const auto* number = value.AsDouble()) return context_.AddDouble(name, *number);
  if (const auto* text = value.AsString()) return context_.AddString(name, Keep(*text));
  if (const auto* array = value.AsArray()) {
    const std::size_t position = context_.Begin(name, model::AttributeKind::kArray);
    for (const model::Value& element : *array) Add({}, element);
    return context_.End(position);
  }
  if (const auto* object = value.AsObject()) {
    const std::size_t position = context_.Begin(name, model::AttributeKind::kObject);
    for (const auto& [key, member] : *object) Add(Keep(key), member);
    return context_.End(position);
  }
  context_.AddNull(name);
}

}  // namespace pennon::client
