// The C functions of pennon.h over Core. Nothing is thrown past here.
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>

#include "base/json_text.h"
#include "base/version.h"
#include "client/core.h"
#include "client/include/pennon/pennon.h"
#include "wire/json.h"

namespace {

using namespace pennon;
using client::Answer;

const model::Context& ViewOf(const pennon_context* context);

constexpr model::ValueType kTypes[] = {model::ValueType::kBoolean, model::ValueType::kString,
                                       model::ValueType::kInteger, model::ValueType::kNumber,
                                       model::ValueType::kObject};

std::optional<model::ValueType> TypeOf(pennon_type type) {
  const auto index = static_cast<std::size_t>(type);
  if (index >= std::size(kTypes)) return std::nullopt;
  return kTypes[index];
}

std::string TextOr(const char* given, const char* variable, const char* otherwise) {
  if (given != nullptr) return given;
  const char* const set = variable == nullptr ? nullptr : std::getenv(variable);
  return set != nullptr && *set != '\0' ? set : otherwise;
}

std::string_view View(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

// What an older program knows of the options; the rest is zero.
pennon_options Complete(const pennon_options* given) {
  pennon_options options{};
  if (given != nullptr) std::memcpy(&options, given, std::min(given->size, sizeof(options)));
  return options;
}

client::CoreOptions OptionsOf(const pennon_options& given) {
  client::CoreOptions options;
  client::ClientOptions& frames = options.keeper.client;
  frames.socket_path =
      TextOr(given.socket_path, "PENNON_SOCKET", client::ClientOptions().socket_path.c_str());
  frames.environment = TextOr(given.environment, "PENNON_ENVIRONMENT", "");
  frames.name = TextOr(given.name, nullptr, "libpennon");
  if (given.timeout_ms > 0) frames.timeout_millis = given.timeout_ms;
  if (given.retry_max_ms > 0) frames.retry_max_millis = given.retry_max_ms;
  if (given.report_ms > 0) options.keeper.report_millis = given.report_ms;
  options.keeper.maps = given.mode == PENNON_AUTO;
  options.definitions = View(given.definitions);
  options.definitions_file = View(given.definitions_file);
  options.is_embedded = given.definitions != nullptr || given.definitions_file != nullptr;
  return options;
}

}  // namespace

struct pennon_flag {
  client::Core& core;
  client::FlagRef ref;
};

struct pennon_client {
  explicit pennon_client(client::CoreOptions options) : core(std::move(options)) {}

  client::Core core;
  // Guarded by ForkLock.
  std::map<std::string, std::unique_ptr<pennon_flag>, std::less<>> flags;
  std::map<std::string, std::string, std::less<>> test_flags;  // JSON values
};

struct pennon_context {
  client::Context context;
};

struct pennon_detail {
  Answer answer;
};

struct pennon_batch {
  std::vector<pennon_detail> details;
  std::string message;
};

namespace {

const model::Context& ViewOf(const pennon_context* context) {
  static const model::Context& nothing = *new model::Context;
  return context == nullptr ? nothing : context->context.view();
}

pennon_client* Open(client::CoreOptions options) {
  client::PrepareReaders();
  return new pennon_client(std::move(options));
}

template <typename Work>
auto Guarded(Work work, decltype(work()) otherwise) noexcept {
  try {
    return work();
  } catch (...) {
    return otherwise;
  }
}

// The document whose flags are these values for everybody.
std::string DocumentOf(const std::map<std::string, std::string, std::less<>>& values) {
  std::string text = R"({"environment":"test","flags":{)";
  const char* separator = "";
  for (const auto& [key, json] : values) {
    const auto value = wire::ReadJson(json);
    const char* type = "object";
    if (value->AsBool() != nullptr) type = "boolean";
    if (value->AsString() != nullptr) type = "string";
    if (value->AsInt() != nullptr) type = "integer";
    if (value->AsDouble() != nullptr) type = "number";
    text += std::exchange(separator, ",");
    base::AppendJsonString(text, key);
    text += std::string(R"(:{"type":")") + type + R"(","variants":[{"key":"set","value":)" + json +
            R"(}],"enabled":true,"offVariant":"set","default":{"variant":"set"}})";
  }
  return text + "}}";
}

}  // namespace

pennon_client* pennon_open(const pennon_options* options) {
  return Guarded([&] { return Open(OptionsOf(Complete(options))); }, nullptr);
}

void pennon_close(pennon_client* client) {
  delete client;
}

bool pennon_wait_ready(pennon_client* client, std::uint32_t timeout_ms) {
  return client != nullptr && client->core.WaitReady(timeout_ms);
}

const char* pennon_way(const pennon_client* client) {
  return client == nullptr ? "" : client->core.Way();
}

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

bool pennon_bool(pennon_client* client, const char* key, const pennon_context* context,
                 bool fallback) {
  if (client == nullptr) return fallback;
  return client->core.Value(View(key), ViewOf(context), fallback);
}
std::int64_t pennon_int(pennon_client* client, const char* key, const pennon_context* context,
                        std::int64_t fallback) {
  if (client == nullptr) return fallback;
  return client->core.Value(View(key), ViewOf(context), fallback);
}
double pennon_double(pennon_client* client, const char* key, const pennon_context* context,
                     double fallback) {
  if (client == nullptr) return fallback;
  return client->core.Value(View(key), ViewOf(context), fallback);
}

pennon_flag* pennon_flag_get(pennon_client* client, const char* key) {
  if (client == nullptr) return nullptr;
  return Guarded(
      [&]() -> pennon_flag* {
        const client::ForkLock lock;
        auto& flag = client->flags[std::string(View(key))];
        if (flag == nullptr) {
          flag.reset(new pennon_flag{client->core, client::FlagRef(std::string(View(key)))});
        }
        return flag.get();
      },
      nullptr);
}
bool pennon_flag_bool(pennon_flag* flag, const pennon_context* context, bool fallback) {
  if (flag == nullptr) return fallback;
  return flag->core.Value(flag->ref, ViewOf(context), fallback);
}
std::int64_t pennon_flag_int(pennon_flag* flag, const pennon_context* context,
                             std::int64_t fallback) {
  if (flag == nullptr) return fallback;
  return flag->core.Value(flag->ref, ViewOf(context), fallback);
}
double pennon_flag_double(pennon_flag* flag, const pennon_context* context, double fallback) {
  if (flag == nullptr) return fallback;
  return flag->core.Value(flag->ref, ViewOf(context), fallback);
}

pennon_detail* pennon_detail_new(void) {
  return new (std::nothrow) pennon_detail;
}
void pennon_detail_free(pennon_detail* detail) {
  delete detail;
}

bool pennon_evaluate(pennon_client* client, const char* key, const pennon_context* context,
                     pennon_type type, pennon_detail* detail) {
  if (client == nullptr || detail == nullptr) return false;
  client->core.Evaluate(View(key), ViewOf(context), TypeOf(type), detail->answer);
  return detail->answer.has_value;
}
bool pennon_flag_evaluate(pennon_flag* flag, const pennon_context* context, pennon_type type,
                          pennon_detail* detail) {
  if (flag == nullptr || detail == nullptr) return false;
  flag->core.Evaluate(flag->ref, ViewOf(context), TypeOf(type), detail->answer);
  return detail->answer.has_value;
}

namespace {

const Answer& Of(const pennon_detail* detail) {
  static const Answer& none = *new Answer{.error = model::EvaluationError::kGeneral};
  return detail == nullptr ? none : detail->answer;
}

}  // namespace

const char* pennon_detail_key(const pennon_detail* detail) {
  return Of(detail).key.c_str();
}
bool pennon_detail_has_value(const pennon_detail* detail) {
  return Of(detail).has_value;
}
pennon_type pennon_detail_type(const pennon_detail* detail) {
  for (std::size_t i = 0; i < std::size(kTypes); ++i) {
    if (kTypes[i] == Of(detail).type) return static_cast<pennon_type>(i);
  }
  return PENNON_OBJECT;
}
bool pennon_detail_bool(const pennon_detail* detail) {
  return Of(detail).boolean;
}
std::int64_t pennon_detail_int(const pennon_detail* detail) {
  return Of(detail).integer;
}
double pennon_detail_double(const pennon_detail* detail) {
  return Of(detail).number;
}
const char* pennon_detail_text(const pennon_detail* detail, std::size_t* size) {
  if (size != nullptr) *size = Of(detail).text.size();
  return Of(detail).text.c_str();
}
const char* pennon_detail_variant(const pennon_detail* detail) {
  return Of(detail).variant.c_str();
}
pennon_reason pennon_detail_reason(const pennon_detail* detail) {
  return static_cast<pennon_reason>(Of(detail).reason);
}
pennon_error pennon_detail_error(const pennon_detail* detail) {
  return static_cast<pennon_error>(Of(detail).error);
}
const char* pennon_detail_message(const pennon_detail* detail) {
  return Of(detail).message.c_str();
}
const char* pennon_detail_metadata(const pennon_detail* detail) {
  return Of(detail).metadata.c_str();
}
pennon_source pennon_detail_source(const pennon_detail* detail) {
  return static_cast<pennon_source>(Of(detail).source);
}
std::uint64_t pennon_detail_epoch(const pennon_detail* detail) {
  return Of(detail).state.epoch;
}
std::uint64_t pennon_detail_revision(const pennon_detail* detail) {
  return Of(detail).state.revision;
}
std::int64_t pennon_detail_age_ms(const pennon_detail* detail) {
  return static_cast<std::int64_t>(Of(detail).state.age_millis);
}
bool pennon_detail_stale(const pennon_detail* detail) {
  return Of(detail).state.stale;
}

pennon_batch* pennon_batch_evaluate(pennon_client* client, const char* const* keys,
                                    std::size_t count, const pennon_context* context) {
  if (client == nullptr) return nullptr;
  return Guarded(
      [&] {
        std::vector<std::string_view> views;
        for (std::size_t i = 0; i < count; ++i) views.push_back(View(keys[i]));
        auto batch = std::make_unique<pennon_batch>();
        auto answers = client->core.EvaluateAll(std::move(views), ViewOf(context));
        if (!answers) {
          batch->message = answers.error().Message();
        } else {
          for (Answer& answer : *answers) {
            answer.TurnToJson();
            batch->details.push_back({std::move(answer)});
          }
        }
        return batch.release();
      },
      nullptr);
}
void pennon_batch_free(pennon_batch* batch) {
  delete batch;
}
std::size_t pennon_batch_size(const pennon_batch* batch) {
  return batch == nullptr ? 0 : batch->details.size();
}
const pennon_detail* pennon_batch_at(const pennon_batch* batch, std::size_t index) {
  return index < pennon_batch_size(batch) ? &batch->details[index] : nullptr;
}
const char* pennon_batch_message(const pennon_batch* batch) {
  return batch == nullptr ? "out of memory" : batch->message.c_str();
}

int pennon_fd(pennon_client* client) {
  return client == nullptr ? -1 : client->core.completions().fd();
}
std::size_t pennon_dispatch(pennon_client* client) {
  return client == nullptr ? 0 : client->core.completions().Run();
}

bool pennon_evaluate_async(pennon_client* client, const char* key, const pennon_context* context,
                           pennon_type type, pennon_answered answered, void* user) {
  if (client == nullptr || answered == nullptr) return false;
  return Guarded(
      [&] {
        static const client::Context& nothing = *new client::Context;
        const auto done = [answered, user](const Answer& answer) {
          const pennon_detail detail{answer};
          answered(user, &detail);
        };
        client->core.EvaluateAsync(std::string(View(key)),
                                   context == nullptr ? nothing : context->context,
                                   TypeOf(type).value_or(model::ValueType::kObject), done);
        return true;
      },
      false);
}

void pennon_on_change(pennon_client* client, pennon_changed changed, void* user) {
  if (client == nullptr) return;
  Guarded(
      [&] {
        if (changed == nullptr) {
          client->core.OnChange(nullptr);
        } else {
          client->core.OnChange([changed, user](std::uint64_t epoch, std::uint64_t revision) {
            changed(user, epoch, revision);
          });
        }
        return true;
      },
      false);
}

pennon_client* pennon_test_open(void) {
  return Guarded(
      [] {
        client::CoreOptions options;
        options.is_embedded = true;
        options.definitions = DocumentOf({});
        return Open(std::move(options));
      },
      nullptr);
}

namespace {

bool ChangeTestFlag(pennon_client* client, const char* key, const char* json) {
  return Guarded(
      [&] {
        auto values = client->test_flags;
        values.erase(std::string(View(key)));
        if (json != nullptr) {
          const auto value = wire::ReadJson(json);
          if (!value || *value == model::Value()) return false;
          values.emplace(View(key), json);
        }
        if (!client->core.SetDocument(DocumentOf(values))) return false;
        client->test_flags = std::move(values);
        return true;
      },
      false);
}

}  // namespace

bool pennon_test_set(pennon_client* client, const char* key, const char* json) {
  return client != nullptr && json != nullptr && ChangeTestFlag(client, key, json);
}
void pennon_test_remove(pennon_client* client, const char* key) {
  if (client != nullptr) ChangeTestFlag(client, key, nullptr);
}

const char* pennon_version(void) {
  static const std::string& version = *new std::string(base::Version());
  return version.c_str();
}
