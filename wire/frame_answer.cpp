#include "wire/frame_answer.h"

#include "base/short_text.h"
#include "wire/evaluation_json.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using model::Evaluation;
using model::EvaluationError;

constexpr std::size_t kMinEntryBytes = 6;
constexpr std::size_t kMaxShortVariant = 255;

void PutValue(FrameWriter& frame, const Evaluation& evaluation) {
  if (!evaluation.has_value) {
    frame.Put(FrameValue::kNull);
    return;
  }
  switch (evaluation.type) {
    case model::ValueType::kBoolean:
      frame.Put(evaluation.boolean ? FrameValue::kTrue : FrameValue::kFalse);
      break;
    case model::ValueType::kInteger:
      frame.Put(FrameValue::kInt).Put(evaluation.integer);
      break;
    case model::ValueType::kNumber:
      frame.Put(FrameValue::kDouble).Put(evaluation.number);
      break;
    case model::ValueType::kString:
      frame.Put(FrameValue::kString).Text32(evaluation.text);
      break;
    case model::ValueType::kObject:
      frame.Put(FrameValue::kJson).Text32(evaluation.value_json);
      break;
  }
}

void PutState(FrameWriter& frame, const FrameSetState& state, std::uint32_t count) {
  frame.Put(state.epoch, state.revision, state.age_millis, state.source,
            static_cast<std::uint8_t>(state.stale ? 1 : 0), count);
}

[[gnu::noinline]] void PutMetadata(FrameWriter& frame, const Evaluation& evaluation) {
  std::string metadata;
  AppendMetadata(metadata, evaluation);
  frame.Text32(metadata);
}

// What most are.
bool IsPlain(std::uint16_t request_flags, const Evaluation& evaluation) {
  return evaluation.type == model::ValueType::kBoolean && evaluation.has_value &&
         (request_flags & kWantMetadata) == 0 && evaluation.variant.size() <= kMaxShortVariant;
}

// The same bytes as by a FrameWriter, in one go: its steps would cost more than the bytes.
[[gnu::always_inline]] inline void AppendPlain(FrameRoom& out, std::uint32_t id,
                                               const FrameSetState& state,
                                               const Evaluation& evaluation, model::Source source) {
  constexpr std::size_t kStateBytes = 30;
  constexpr std::size_t kEntryBytes = 6;
  const auto variant_size = static_cast<std::uint16_t>(evaluation.variant.size());
  const auto size = static_cast<std::uint32_t>(kStateBytes + kEntryBytes + variant_size);
  char* next = out.Take(kFrameHeaderBytes + size);
  next = Lay(next, kFrameMagic, FrameType::kEvaluation, std::uint16_t{0}, id, size);
  next = Lay(next, state.epoch, state.revision, state.age_millis, state.source, state.stale,
             std::uint32_t{1});
  next = Lay(next, evaluation.reason, evaluation.error, source,
             evaluation.boolean ? FrameValue::kTrue : FrameValue::kFalse, variant_size);
  base::CopyText(next, evaluation.variant);
}

void PutEntry(FrameWriter& frame, std::uint16_t request_flags, const Evaluation& evaluation,
              model::Source source) {
  frame.Put(evaluation.reason, evaluation.error, source);
  PutValue(frame, evaluation);
  frame.Text16(evaluation.variant);
  if (evaluation.error != EvaluationError::kNone) frame.Text16(evaluation.detail);
  if ((request_flags & kWantMetadata) != 0) PutMetadata(frame, evaluation);
}

[[gnu::noinline]] void AppendAny(FrameRoom& out, std::uint32_t id, std::uint16_t request_flags,
                                 const FrameSetState& state, const Evaluation& evaluation,
                                 model::Source source) {
  FrameWriter frame(out, FrameType::kEvaluation, request_flags & kWantMetadata, id);
  PutState(frame, state, 1);
  PutEntry(frame, request_flags, evaluation, source);
}

// The numbers of an enumeration that a newer server knows and we do not become `fallback`.
template <typename E>
E GetEnum(FrameReader& reader, E last, E fallback) {
  const auto value = reader.Get<std::uint8_t>();
  return value <= static_cast<std::uint8_t>(last) ? static_cast<E>(value) : fallback;
}

bool GetValue(FrameReader& reader, FrameEvaluation& entry) {
  entry.kind = GetEnum(reader, FrameValue::kJson, FrameValue::kArray);
  switch (entry.kind) {
    case FrameValue::kNull:
    case FrameValue::kFalse:
    case FrameValue::kTrue:
      return true;
    case FrameValue::kInt:
      entry.integer = reader.Get<std::int64_t>();
      return true;
    case FrameValue::kDouble:
      entry.number = reader.Get<double>();
      return true;
    case FrameValue::kString:
    case FrameValue::kJson:
      entry.text = reader.Text32();
      return true;
    case FrameValue::kArray:
    case FrameValue::kObject:
      break;
  }
  return false;
}

bool GetEntry(FrameReader& reader, bool named, bool with_metadata, FrameEvaluation& entry) {
  if (named) entry.key = reader.Text16();
  entry.reason = GetEnum(reader, model::Reason::kDisabled, model::Reason::kDefault);
  entry.error = GetEnum(reader, EvaluationError::kGeneral, EvaluationError::kGeneral);
  entry.source = GetEnum(reader, model::Source::kDefault, model::Source::kDefault);
  if (!GetValue(reader, entry)) return false;
  entry.variant = reader.Text16();
  if (entry.error != EvaluationError::kNone) entry.detail = reader.Text16();
  if (with_metadata) entry.metadata = reader.Text32();
  return reader.ok();
}

}  // namespace

void AppendWelcome(std::string& out, std::uint32_t id, const FrameWelcome& welcome) {
  FrameWriter frame(out, FrameType::kWelcome, 0, id);
  frame.Put(welcome.version).Text16(welcome.environment).Text16(welcome.server);
}

base::Result<FrameWelcome> DecodeWelcome(std::string_view payload) {
  FrameReader reader(payload);
  FrameWelcome welcome;
  welcome.version = reader.Get<std::uint16_t>();
  welcome.environment = reader.Text16();
  welcome.server = reader.Text16();
  if (!reader.ok()) return Fail(Error::Invalid("welcome", "is cut off"));
  return welcome;
}

void AppendEvaluation(FrameRoom& out, std::uint32_t id, std::uint16_t request_flags,
                      const FrameSetState& state, const Evaluation& evaluation,
                      model::Source source) {
  return IsPlain(request_flags, evaluation)
             ? AppendPlain(out, id, state, evaluation, source)
             : AppendAny(out, id, request_flags, state, evaluation, source);
}

EvaluationsWriter::EvaluationsWriter(FrameRoom& out, std::uint32_t id, std::uint16_t request_flags,
                                     const FrameSetState& state, std::uint32_t count)
    : frame_(out, FrameType::kEvaluations, request_flags & kWantMetadata, id),
      request_flags_(request_flags) {
  PutState(frame_, state, count);
}

void EvaluationsWriter::Add(std::string_view key, const Evaluation& evaluation,
                            model::Source source) {
  if (is_too_large()) return;
  frame_.Text16(key);
  PutEntry(frame_, request_flags_, evaluation, source);
}

base::Result<FrameEvaluations> DecodeEvaluations(const FrameHeader& header,
                                                 std::string_view payload) {
  const Error cut_off = Error::Invalid("answer", "is cut off or of an unknown form");
  FrameReader reader(payload);
  FrameEvaluations answer;
  answer.state.epoch = reader.Get<std::uint64_t>();
  answer.state.revision = reader.Get<std::uint64_t>();
  answer.state.age_millis = reader.Get<std::uint64_t>();
  answer.state.source = GetEnum(reader, model::Source::kDefault, model::Source::kDefault);
  answer.state.stale = (reader.Get<std::uint8_t>() & 1U) != 0;
  const auto count = reader.Get<std::uint32_t>();
  if (!reader.ok() || count > reader.left() / kMinEntryBytes) return Fail(cut_off);
  answer.entries.resize(count);
  for (FrameEvaluation& entry : answer.entries) {
    if (!GetEntry(reader, header.type == FrameType::kEvaluations,
                  (header.flags & kWantMetadata) != 0, entry)) {
      return Fail(cut_off);
    }
  }
  return answer;
}

Error DecodeError(std::string_view payload) {
  FrameReader reader(payload);
  const auto code = reader.Get<std::uint16_t>();
  std::string_view message = reader.Text16();
  if (message.empty()) message = "the daemon answers with an error and does not say which";
  switch (static_cast<base::ErrorCode>(code)) {
    case base::ErrorCode::kInvalid:
      return Error::Invalid("", message);
    case base::ErrorCode::kLimit:
      return Error::Limit("", message);
    case base::ErrorCode::kUnauthenticated:
      return Error::Unauthenticated("", message);
    case base::ErrorCode::kForbidden:
      return Error::Forbidden("", message);
    case base::ErrorCode::kNotFound:
      return Error::NotFound("", message);
    case base::ErrorCode::kConflict:
      return Error::Conflict("", message);
    case base::ErrorCode::kUnavailable:
      return Error::Unavailable("", message);
    case base::ErrorCode::kInternal:
    case base::ErrorCode::kOutdated:  // of the store's API alone
    case base::ErrorCode::kUnguarded:
    case base::ErrorCode::kNoMemory:  // is told as unavailable
      break;
  }
  return Error::Internal("", message);
}

}  // namespace pennon::wire
