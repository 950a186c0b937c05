// The functions of pennon.h for a detail and a batch of them.
#include <new>

#include "client/c_objects.h"

using namespace pennon;
using namespace pennon::client;

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
  static Forever<Answer> room;
  static const Answer& none = *new (room.bytes) Answer{.error = model::EvaluationError::kGeneral};
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
  for (std::size_t i = 0; i < std::size(kTypesOfC); ++i) {
    if (kTypesOfC[i] == Of(detail).type) return static_cast<pennon_type>(i);
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
