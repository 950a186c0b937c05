// The functions of pennon.h for a context.
#include "client/c_objects.h"
#include "wire/json.h"

using namespace pennon;
using namespace pennon::client;

pennon_context* pennon_context_new(const char* targeting_key) {
  return Guarded(
      [&] {
        auto context = std::make_unique<pennon_context>();
        if (targeting_key != nullptr) context->context.Set(model::kTargetingKey, targeting_key);
        return context.release();
      },
      nullptr);
}

void pennon_context_free(pennon_context* context) {
  delete context;
}

void pennon_context_clear(pennon_context* context) {
  if (context != nullptr) context->context.Clear();
}

namespace {

template <typename Value>
bool Set(pennon_context* context, const char* name, Value value) noexcept {
  if (context == nullptr || name == nullptr) return false;
  return Guarded([&] { return context->context.Set(name, value), true; }, false);
}

}  // namespace

void pennon_context_set_bool(pennon_context* context, const char* name, bool value) {
  Set(context, name, value);
}
void pennon_context_set_int(pennon_context* context, const char* name, std::int64_t value) {
  Set(context, name, value);
}
void pennon_context_set_double(pennon_context* context, const char* name, double value) {
  Set(context, name, value);
}
void pennon_context_set_string(pennon_context* context, const char* name, const char* value) {
  Set(context, name, View(value));
}
void pennon_context_set_text(pennon_context* context, const char* name, const char* value,
                             std::size_t size) {
  Set(context, name, std::string_view(value, size));
}
bool pennon_context_set_json(pennon_context* context, const char* name, const char* json) {
  if (context == nullptr || name == nullptr) return false;
  return Guarded(
      [&] {
        const auto value = wire::ReadJson(View(json));
        if (value) context->context.SetJson(name, *value);
        return value.has_value();
      },
      false);
}
void pennon_context_merge(pennon_context* context, const pennon_context* defaults) {
  if (context == nullptr || defaults == nullptr || context == defaults) return;
  Guarded([&] { return context->context.Merge(defaults->context), true; }, false);
}
