#include "client/client.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <random>

#include "base/json_text.h"
#include "client/frame_connection.h"
#include "wire/frame_answer.h"
#include "wire/frame_request.h"
#include "wire/limits.h"

namespace pennon::client {

using base::Error;
using base::Fail;
using base::Result;
using model::EvaluationError;
using wire::FrameEvaluation;
using wire::FrameType;
using wire::FrameValue;

namespace {

constexpr std::int64_t kFirstPauseMillis = 10;

// The value of an answer as a T, or none when the flag is of another type.
template <typename T>
std::optional<T> ValueAs(const FrameEvaluation& answer);

template <>
std::optional<bool> ValueAs(const FrameEvaluation& answer) {
  if (answer.kind != FrameValue::kTrue && answer.kind != FrameValue::kFalse) return std::nullopt;
  return answer.kind == FrameValue::kTrue;
}
template <>
std::optional<std::int64_t> ValueAs(const FrameEvaluation& answer) {
  if (answer.kind != FrameValue::kInt) return std::nullopt;
  return answer.integer;
}
template <>
std::optional<double> ValueAs(const FrameEvaluation& answer) {
  if (answer.kind == FrameValue::kInt) return static_cast<double>(answer.integer);
  if (answer.kind != FrameValue::kDouble) return std::nullopt;
  return answer.number;
}
template <>
std::optional<std::string> ValueAs(const FrameEvaluation& answer) {
  if (answer.kind != FrameValue::kString) return std::nullopt;
  return std::string(answer.text);
}
template <>
std::optional<Json> ValueAs(const FrameEvaluation& answer) {
  if (answer.kind != FrameValue::kJson) return std::nullopt;
  return Json{std::string(answer.text)};
}

std::string AsJson(const FrameEvaluation& answer) {
  std::string text;
  switch (answer.kind) {
    case FrameValue::kTrue:
      return "true";
    case FrameValue::kFalse:
      return "false";
    case FrameValue::kInt:
      base::AppendJsonInt(text, answer.integer);
      break;
    case FrameValue::kDouble:
      base::AppendJsonDouble(text, answer.number);
      break;
    case FrameValue::kString:
      base::AppendJsonString(text, answer.text);
      break;
    case FrameValue::kJson:
      return std::string(answer.text);
    default:
      return "null";
  }
  return text;
}

template <typename T>
void Describe(const FrameEvaluation& answer, const wire::FrameSetState& state,
              Details<T>& details) {
  details.variant = answer.variant;
  details.reason = answer.reason;
  details.error = answer.error;
  details.error_message = answer.detail;
  details.source = answer.source;
  details.epoch = state.epoch;
  details.revision = state.revision;
  details.age_millis = static_cast<std::int64_t>(state.age_millis);
  details.stale = state.stale;
  details.metadata = answer.metadata;
}

// What the daemon would refuse anyway is refused here, where the frame's counts still fit.
Result<void> CheckSizes(std::size_t flags, const Context& context) {
  if (flags > wire::kMaxBatchFlags) {
    return Fail(Error::Limit("flags", "are more than " + std::to_string(wire::kMaxBatchFlags)));
  }
  if (context.view().nodes().size() > wire::kMaxContextNodes) {
    return Fail(Error::Limit("context", "has more than " + std::to_string(wire::kMaxContextNodes) +
                                            " attributes, members and elements"));
  }
  return {};
}

template <typename T>
void NoteFailure(EvaluationError code, std::string message, Details<T>& details) {
  details.reason = model::Reason::kError;
  details.error = code;
  details.error_message = std::move(message);
}

}  // namespace

struct Client::State {
  explicit State(ClientOptions given) : options(std::move(given)), random(std::random_device{}()) {}

  ClientOptions options;
  std::mutex mutex;  // guards the members that follow
  FrameConnection connection;
  std::uint32_t next_id = 1;
  std::string request;
  std::minstd_rand random;
  std::int64_t pause_millis = kFirstPauseMillis;
  Deadline retry_at = 0;  // no attempt to connect before
  Error last_error = Error::Unavailable("", "not connected yet");

  Result<void> Connect(Deadline deadline) {
    // While the daemon is away, callers get their default at once and not after a timeout each.
    if (DeadlineIn(0) < retry_at) return Fail(last_error);
    auto connected = connection.Connect(options.socket_path, deadline);
    if (connected) connected = SayHello(deadline);
    if (connected) {
      pause_millis = kFirstPauseMillis;
      return {};
    }
    connection.Close();
    last_error = connected.error();
    retry_at = DeadlineIn(
        std::uniform_int_distribution<std::int64_t>(pause_millis / 2, pause_millis)(random));
    pause_millis = std::min(pause_millis * 2, options.retry_max_millis);
    return connected;
  }

  Result<void> SayHello(Deadline deadline) {
    const std::uint32_t id = next_id++;
    std::string hello;
    wire::AppendHello(hello, id, {wire::kFrameProtocolVersion, options.environment, options.name});
    const auto answer = connection.Exchange(hello, id, deadline);
    if (!answer) return Fail(answer.error());
    const auto welcome = wire::DecodeWelcome(answer->payload);
    if (!welcome) return Fail(welcome.error());
    return {};
  }

  // `write(request, id)` appends the frame. A connection that turns out to be dead, because the
  // daemon was restarted, is made anew once; evaluations can be asked twice without harm.
  template <typename Write>
  Result<Frame> Ask(FrameType expected, Write write) {
    const Deadline deadline = DeadlineIn(options.timeout_millis);
    for (bool was_open = connection.IsOpen();; was_open = false) {
      if (!connection.IsOpen()) {
        if (auto connected = Connect(deadline); !connected) return Fail(connected.error());
      }
      const std::uint32_t id = next_id++;
      request.clear();
      write(request, id);
      auto answer = connection.Exchange(request, id, deadline);
      if (answer && answer->header.type != expected) {
        connection.Close();
        return Fail(Error::Invalid(options.socket_path, "answers with an unexpected frame"));
      }
      if (answer || connection.IsOpen() || !was_open || DeadlineIn(0) >= deadline) return answer;
    }
  }
};

Client::Client(ClientOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Client::~Client() = default;

template <typename T>
Details<T> Client::GetDetails(std::string_view flag, const Context& context, T fallback) noexcept {
  Details<T> details{std::move(fallback)};
  try {
    if (const auto fits = CheckSizes(1, context); !fits) {
      NoteFailure(EvaluationError::kInvalidContext, fits.error().Message(), details);
      return details;
    }
    const std::lock_guard lock(state_->mutex);
    const auto frame =
        state_->Ask(FrameType::kEvaluation, [&](std::string& request, std::uint32_t id) {
          wire::AppendEvaluate(request, id, wire::kWantMetadata, flag, context.view());
        });
    if (!frame) {
      NoteFailure(EvaluationError::kGeneral, frame.error().Message(), details);
      return details;
    }
    const auto answer = wire::DecodeEvaluations(frame->header, frame->payload);
    if (!answer || answer->entries.size() != 1) {
      NoteFailure(EvaluationError::kGeneral, "the daemon's answer is malformed", details);
      return details;
    }
    const FrameEvaluation& entry = answer->entries.front();
    Describe(entry, answer->state, details);
    if (entry.kind == FrameValue::kNull) return details;
    if (auto value = ValueAs<T>(entry)) {
      details.value = std::move(*value);
    } else {
      NoteFailure(EvaluationError::kTypeMismatch, "the flag is of another type", details);
    }
  } catch (...) {
    // Out of memory: the fallback is already in place.
    details.reason = model::Reason::kError;
    details.error = EvaluationError::kGeneral;
  }
  return details;
}

template Details<bool> Client::GetDetails(std::string_view, const Context&, bool) noexcept;
template Details<std::int64_t> Client::GetDetails(std::string_view, const Context&,
                                                  std::int64_t) noexcept;
template Details<double> Client::GetDetails(std::string_view, const Context&, double) noexcept;
template Details<std::string> Client::GetDetails(std::string_view, const Context&,
                                                 std::string) noexcept;
template Details<Json> Client::GetDetails(std::string_view, const Context&, Json) noexcept;

Result<std::vector<BatchEntry>> Client::Batch(const std::vector<std::string_view>& flags,
                                              const Context& context) noexcept {
  try {
    if (const auto fits = CheckSizes(flags.size(), context); !fits) return Fail(fits.error());
    const std::lock_guard lock(state_->mutex);
    const auto frame =
        state_->Ask(FrameType::kEvaluations, [&](std::string& request, std::uint32_t id) {
          wire::AppendBatch(request, id, wire::kWantMetadata, flags, context.view());
        });
    if (!frame) return Fail(frame.error());
    const auto answer = wire::DecodeEvaluations(frame->header, frame->payload);
    if (!answer) return Fail(answer.error());
    std::vector<BatchEntry> entries;
    for (const FrameEvaluation& one : answer->entries) {
      BatchEntry& entry = entries.emplace_back();
      entry.key = one.key;
      entry.has_value = one.kind != FrameValue::kNull;
      entry.details.value.text = AsJson(one);
      Describe(one, answer->state, entry.details);
    }
    return entries;
  } catch (...) {
    return Fail(Error::Internal("", "out of memory"));
  }
}

Result<void> Client::Ping() noexcept {
  try {
    const std::lock_guard lock(state_->mutex);
    const auto pong = state_->Ask(FrameType::kPong, [](std::string& request, std::uint32_t id) {
      const wire::FrameWriter ping(request, FrameType::kPing, 0, id);
    });
    if (!pong) return Fail(pong.error());
    return {};
  } catch (...) {
    return Fail(Error::Internal("", "out of memory"));
  }
}

Result<std::string> Client::Explain(std::string_view flag, const Context& context) noexcept {
  try {
    if (const auto fits = CheckSizes(1, context); !fits) return Fail(fits.error());
    const std::lock_guard lock(state_->mutex);
    const auto frame =
        state_->Ask(FrameType::kExplanation, [&](std::string& request, std::uint32_t id) {
          wire::AppendExplain(request, id, flag, context.view());
        });
    if (!frame) return Fail(frame.error());
    return std::string(wire::FrameReader(frame->payload).Text32());
  } catch (...) {
    return Fail(Error::Internal("", "out of memory"));
  }
}

Result<std::string> Client::Status() noexcept {
  try {
    const std::lock_guard lock(state_->mutex);
    const auto frame =
        state_->Ask(FrameType::kStatusAnswer, [](std::string& request, std::uint32_t id) {
          const wire::FrameWriter status(request, FrameType::kStatus, 0, id);
        });
    if (!frame) return Fail(frame.error());
    return std::string(wire::FrameReader(frame->payload).Text32());
  } catch (...) {
    return Fail(Error::Internal("", "out of memory"));
  }
}

}  // namespace pennon::client
