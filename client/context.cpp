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
  WholeOrNot([&] { Add(Keep(name), value); });
  return *this;
}

Context& Context::Merge(const Context& defaults) {
  WholeOrNot([&] {
    const auto& nodes = defaults.context_.nodes();
    for (const model::Attribute* node = nodes.data(); node < nodes.data() + nodes.size();) {
      if (context_.Find(node->name()) == nullptr) Copy(*node);
      node += node->size();
    }
  });
  return *this;
}

// Without memory in the middle of it, half an object would stay behind.
template <typename Change>
void Context::WholeOrNot(Change change) {
  const std::size_t nodes = context_.nodes().size();
  const std::size_t used = used_;
  try {
    change();
  } catch (...) {
    context_.Truncate(nodes);
    used_ = used;
    throw;
  }
}

// Copies a subtree; returns what follows it.
const model::Attribute* Context::Copy(const model::Attribute& from) {
  using model::AttributeKind;
  const std::string_view name = Keep(from.name());
  switch (from.kind()) {
    case AttributeKind::kNull:
      context_.AddNull(name);
      break;
    case AttributeKind::kBool:
      context_.AddBool(name, from.boolean());
      break;
    case AttributeKind::kInt:
      context_.AddInt(name, from.integer());
      break;
    case AttributeKind::kDouble:
      context_.AddDouble(name, from.number());
      break;
    case AttributeKind::kString:
      context_.AddString(name, Keep(from.text()));
      break;
    case AttributeKind::kArray:
    case AttributeKind::kObject: {
      const std::size_t position = context_.Begin(name, from.kind());
      for (const auto* node = &from + 1; node < &from + from.size();) node = Copy(*node);
      context_.End(position);
      break;
    }
  }
  return &from + from.size();
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
