#include "client/client.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <random>
#include <type_traits>

#include "client/frame_connection.h"
#include "wire/frame_answer.h"
#include "wire/frame_request.h"
#include "wire/limits.h"

namespace pennon::client {

using base::Error;
using base::Fail;
using base::Result;
using model::EvaluationError;
using wire::FrameType;

namespace {

constexpr std::int64_t kFirstPauseMillis = 10;

template <typename T>
constexpr model::ValueType kTypeOf = model::ValueType::kObject;
template <>
constexpr model::ValueType kTypeOf<bool> = model::ValueType::kBoolean;
template <>
constexpr model::ValueType kTypeOf<std::int64_t> = model::ValueType::kInteger;
template <>
constexpr model::ValueType kTypeOf<double> = model::ValueType::kNumber;
template <>
constexpr model::ValueType kTypeOf<std::string> = model::ValueType::kString;

template <typename T>
T ValueAs(Answer& answer) {
  if constexpr (std::is_same_v<T, bool>) {
    return answer.boolean;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return answer.integer;
  } else if constexpr (std::is_same_v<T, double>) {
    return answer.number;
  } else {
    return T{std::move(answer.text)};
  }
}

template <typename T>
void Describe(const Answer& answer, Details<T>& details) {
  details.variant = answer.variant;
  details.reason = answer.reason;
  details.error = answer.error;
  details.error_message = answer.message;
  details.source = answer.source;
  details.epoch = answer.state.epoch;
  details.revision = answer.state.revision;
  details.age_millis = static_cast<std::int64_t>(answer.state.age_millis);
  details.stale = answer.state.stale;
  details.metadata = answer.metadata;
}

// What the daemon would refuse anyway is refused here, where the frame's counts still fit.
Result<void> CheckSizes(std::size_t flags, const model::Context& context) {
  if (flags > wire::kMaxBatchFlags) {
    return Fail(Error::Limit("flags", "are more than " + std::to_string(wire::kMaxBatchFlags)));
  }
  if (context.nodes().size() > wire::kMaxContextNodes) {
    return Fail(Error::Limit("context", "has more than " + std::to_string(wire::kMaxContextNodes) +
                                            " attributes, members and elements"));
  }
  return {};
}

}  // namespace

struct Client::State {
  explicit State(ClientOptions given)
      : options(std::move(given)),
        connection(options.spin_micros),
        random(std::random_device{}()) {}

  ClientOptions options;
  std::timed_mutex mutex;  // guards the members that follow
  FrameConnection connection;
  bool was_greeted = false;  // the open connection has an environment
  std::uint32_t next_id = 1;
  std::string request;
  std::minstd_rand random;
  std::int64_t pause_millis = kFirstPauseMillis;
  Deadline retry_at = 0;  // no attempt to connect before
  Error last_error = Error::Unavailable("", "not connected yet");
  Deadline deadline = 0;  // of the call whose turn it is

  // Waiting for its turn counts, too.
  [[nodiscard]] std::unique_lock<std::timed_mutex> Lock(std::int64_t most_millis = INT64_MAX) {
    const std::int64_t millis = std::min(most_millis, options.timeout_millis);
    const Deadline until = DeadlineIn(millis);
    std::unique_lock lock(mutex, std::chrono::milliseconds(millis));
    if (lock) deadline = until;
    return lock;
  }
  static tl::unexpected<Error> IsBusy() {
    return Fail(Error::Unavailable("", "other calls of this client were still waiting"));
  }

  // Evaluations are of an environment, which the hello names. The daemon itself is asked without:
  // of several environments none need be meant, and an operator may be allowed to use none.
  static bool NeedsHello(FrameType answer) {
    return answer != FrameType::kPong && answer != FrameType::kStatusAnswer &&
           answer != FrameType::kOrderAnswer;
  }

  Result<void> Connect(bool with_hello) {
    // While the daemon is away, callers get their default at once and not after a timeout each.
    // What it refused then it may allow by now.
    if (DeadlineIn(0) < retry_at) {
      return Fail(Error::Unavailable(last_error.where(), last_error.what()));
    }
    auto connected = connection.Connect(options.socket_path, deadline);
    if (connected && with_hello) connected = SayHello();
    if (connected) {
      was_greeted = with_hello;
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

  Result<void> SayHello() {
    const std::uint32_t id = next_id++;
    std::string hello;
    wire::AppendHello(hello, id, {wire::kFrameProtocolVersion, options.environment, options.name});
    const auto answer = connection.Exchange(hello, id, FrameType::kWelcome, deadline);
    if (!answer) return Fail(answer.error());
    const auto welcome = wire::DecodeWelcome(answer->payload);
    if (!welcome || welcome->version != wire::kFrameProtocolVersion) {
      return Fail(Error::Unavailable(options.socket_path, "does not greet as a daemon does"));
    }
    return {};
  }

  // `write(request, id)` appends the frame. A connection that turns out to be dead, because the
  // daemon was restarted, is made anew once; evaluations can be asked twice without harm.
  template <typename Write>
  Result<Frame> Ask(FrameType expected, Write write) {
    const bool needs_hello = NeedsHello(expected);
    const auto is_ready = [&] { return connection.IsOpen() && (was_greeted || !needs_hello); };
    for (bool was_open = is_ready();; was_open = false) {
      if (!is_ready()) {
        if (auto connected = Connect(needs_hello); !connected) return Fail(connected.error());
      }
      const std::uint32_t id = next_id++;
      request.clear();
      write(request, id);
      auto answer = connection.Exchange(request, id, expected, deadline);
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
    Answer answer;
    Evaluate(flag, context.view(), answer);
    answer.Require(kTypeOf<T>);
    Describe(answer, details);
    if (answer.has_value) details.value = ValueAs<T>(answer);
  } catch (...) {
    // Out of memory: the fallback is already in place.
    details.reason = model::Reason::kError;
    details.error = EvaluationError::kGeneral;
  }
  return details;
}

void Client::Evaluate(std::string_view flag, const model::Context& context, Answer& answer,
                      std::int64_t most_millis) noexcept {
  try {
    answer.key = flag;
    answer.state = {};
    answer.source = model::Source::kDefault;
    if (const auto fits = CheckSizes(1, context); !fits) {
      return answer.Fail(EvaluationError::kInvalidContext, fits.error().Message());
    }
    const auto lock = state_->Lock(most_millis);
    if (!lock) return answer.Fail(EvaluationError::kGeneral, state_->IsBusy().value().Message());
    const auto frame =
        state_->Ask(FrameType::kEvaluation, [&](std::string& request, std::uint32_t id) {
          wire::AppendEvaluate(request, id, wire::kWantMetadata, flag, context);
        });
    if (!frame) return answer.Fail(EvaluationError::kGeneral, frame.error().Message());
    const auto decoded = wire::DecodeEvaluations(frame->header, frame->payload);
    if (!decoded || decoded->entries.size() != 1) {
      return answer.Fail(EvaluationError::kGeneral, "the daemon's answer is malformed");
    }
    answer.state = decoded->state;
    answer.Take(decoded->entries.front());
  } catch (...) {
    answer.has_value = false;
    answer.reason = model::Reason::kError;
    answer.error = EvaluationError::kGeneral;
  }
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
    auto answers = EvaluateAll(flags, context.view());
    if (!answers) return Fail(answers.error());
    std::vector<BatchEntry> entries;
    for (Answer& answer : *answers) {
      BatchEntry& entry = entries.emplace_back();
      entry.key = answer.key;
      entry.has_value = answer.has_value;
      Describe(answer, entry.details);
      answer.TurnToJson();
      entry.details.value.text = std::move(answer.text);
    }
    return entries;
  } catch (...) {
    return Fail(Error::Internal("", "out of memory"));
  }
}

Result<std::vector<Answer>> Client::EvaluateAll(const std::vector<std::string_view>& flags,
                                                const model::Context& context) noexcept {
  try {
    if (const auto fits = CheckSizes(flags.size(), context); !fits) return Fail(fits.error());
    const auto lock = state_->Lock();
    if (!lock) return state_->IsBusy();
    const auto frame =
        state_->Ask(FrameType::kEvaluations, [&](std::string& request, std::uint32_t id) {
          wire::AppendBatch(request, id, wire::kWantMetadata, flags, context);
        });
    if (!frame) return Fail(frame.error());
    const auto decoded = wire::DecodeEvaluations(frame->header, frame->payload);
    if (!decoded) return Fail(decoded.error());
    std::vector<Answer> answers(decoded->entries.size());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      answers[i].key = decoded->entries[i].key;
      answers[i].state = decoded->state;
      answers[i].Take(decoded->entries[i]);
    }
    return answers;
  } catch (...) {
    return Fail(Error::Internal("", "out of memory"));
  }
}

Result<MappedAnswer> Client::Map() noexcept {
  try {
    const auto lock = state_->Lock();
    if (!lock) return state_->IsBusy();
    const auto frame = state_->Ask(FrameType::kMapped, [](std::string& request, std::uint32_t id) {
      wire::AppendMap(request, id);
    });
    if (!frame) return Fail(frame.error());
    const auto head = wire::DecodeMapped(frame->payload);
    auto handed = state_->connection.TakeDescriptors();
    const std::size_t expected = head && head->default_bytes == 0 ? 2 : 3;
    // Descriptors are missing, too, when this process may open no more: no refusal of the daemon's.
    if (!head || handed.size() != expected || head->serial == 0) {
      state_->connection.Close();
      return Fail(Error::Unavailable("map", "the daemon hands over something else"));
    }
    MappedAnswer answer{*head, std::move(handed[0]), std::move(handed[1]), {}};
    if (expected == 3) answer.defaults = std::move(handed[2]);
    return answer;
  } catch (...) {
    return Fail(Error::Internal("", "out of memory"));
  }
}

Result<void> Client::Report(const std::vector<wire::FrameUsage>& usage) noexcept {
  try {
    const auto lock = state_->Lock();
    if (!lock) return state_->IsBusy();
    const auto frame = state_->Ask(
        FrameType::kReported,
        [&](std::string& request, std::uint32_t id) { wire::AppendReport(request, id, usage); });
    if (!frame) return Fail(frame.error());
    return {};
  } catch (...) {
    return Fail(Error::Internal("", "out of memory"));
  }
}

Result<std::string> Client::Order(std::string_view verb, std::string_view argument) noexcept {
  try {
    const auto lock = state_->Lock();
    if (!lock) return state_->IsBusy();
    const auto frame =
        state_->Ask(FrameType::kOrderAnswer, [&](std::string& request, std::uint32_t id) {
          wire::AppendOrder(request, id, {verb, state_->options.environment, argument});
        });
    if (!frame) return Fail(frame.error());
    return std::string(wire::FrameReader(frame->payload).Text32());
  } catch (...) {
    return Fail(Error::Internal("", "out of memory"));
  }
}

bool Client::IsConnected() noexcept {
  const auto lock = state_->Lock();
  return lock && state_->connection.IsOpen();
}

bool Client::WasHungUp() noexcept {
  const auto lock = state_->Lock();
  return lock && state_->connection.WasHungUp();
}

void Client::Disconnect() noexcept {
  if (const auto lock = state_->Lock()) state_->connection.Close();
}

void Client::AbandonAfterFork() noexcept {
  state_->connection.AbandonAfterFork();
}

Result<void> Client::Ping() noexcept {
  try {
    const auto lock = state_->Lock();
    if (!lock) return state_->IsBusy();
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
    if (const auto fits = CheckSizes(1, context.view()); !fits) return Fail(fits.error());
    const auto lock = state_->Lock();
    if (!lock) return state_->IsBusy();
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
    const auto lock = state_->Lock();
    if (!lock) return state_->IsBusy();
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
