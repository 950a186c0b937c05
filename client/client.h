// libpennon: asks the daemon of this host what a flag is.
//
//   pennon::client::Client flags({.environment = "production"});
//   pennon::client::Context user("user-7");
//   if (flags.Get("new-checkout", user, false)) …
//
// Every call returns by its deadline with a value: the flag's, or the caller's own default. Nothing
// here throws, raises a signal or ends the process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/answer.h"
#include "client/context.h"
#include "client/local_set.h"
#include "model/evaluation.h"
#include "wire/frame_control.h"

namespace pennon::client {

struct ClientOptions {
  std::string socket_path = "/run/pennon/pennon.sock";
  std::string environment;                // "": the only one that the daemon serves
  std::string name = "libpennon";         // of this program, for the daemon's status
  std::int64_t timeout_millis = 50;       // of one call, reconnecting included
  std::int64_t retry_max_millis = 1'000;  // longest pause between attempts to connect
  std::int64_t spin_micros = 0;           // that a call waits without sleeping
};

/// A value of an object flag, as JSON text.
struct Json {
  std::string text;
  bool operator==(const Json&) const = default;
};

/// A flag's answer with all that is known about it.
template <typename T>
struct Details {
  T value;
  std::string variant;
  model::Reason reason = model::Reason::kError;
  model::EvaluationError error = model::EvaluationError::kNone;  // kNone: `value` is the flag's,
                                                                 // or the flag defers to the caller
  std::string error_message;
  model::Source source = model::Source::kDefault;
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::int64_t age_millis = 0;  // since the upstream confirmed the flag set
  bool stale = false;
  std::string metadata;  // a JSON object, or ""
};

/// One entry of a batch; `has_value` false means that the caller's default is to be used.
struct BatchEntry {
  std::string key;
  bool has_value = false;
  Details<Json> details;
};

/// Safe to use from any thread; calls take turns on one connection, and wait for it by their own
/// deadline. After a fork the child must make a client of its own.
class Client {
 public:
  explicit Client(ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The flag's value, or `fallback`. T: bool, std::int64_t, double, std::string, Json.
  template <typename T>
  T Get(std::string_view flag, const Context& context, T fallback) noexcept {
    return GetDetails(flag, context, std::move(fallback)).value;
  }
  std::string Get(std::string_view flag, const Context& context, const char* fallback) noexcept {
    return Get(flag, context, std::string(fallback));
  }
  template <typename T>
  Details<T> GetDetails(std::string_view flag, const Context& context, T fallback) noexcept;

  /// The same untyped, for those that know other ways, too. An error is in the answer.
  /// `most_millis`: when the caller's deadline is nearer than the client's.
  void Evaluate(std::string_view flag, const model::Context& context, Answer& answer,
                std::int64_t most_millis = INT64_MAX) noexcept;
  /// Several flags, likewise.
  base::Result<std::vector<Answer>> EvaluateAll(const std::vector<std::string_view>& flags,
                                                const model::Context& context) noexcept;

  /// Several flags of one flag set (no keys: all of them).
  base::Result<std::vector<BatchEntry>> Batch(const std::vector<std::string_view>& flags,
                                              const Context& context) noexcept;

  /// Why a flag is what it is for this context, as JSON (docs/protocol.md).
  base::Result<std::string> Explain(std::string_view flag, const Context& context) noexcept;

  /// The daemon's flags, to be mapped.
  base::Result<MappedAnswer> Map() noexcept;
  /// Tells the daemon what was answered here.
  base::Result<void> Report(const std::vector<wire::FrameUsage>& usage) noexcept;
  /// An order of an operator (docs/protocol.md); the answer is JSON.
  base::Result<std::string> Order(std::string_view verb, std::string_view argument) noexcept;
  /// Whether the last call ended with a connection that is still good: the daemon has answered it.
  [[nodiscard]] bool IsConnected() noexcept;
  /// Whether the daemon took the connection made last and has ended it.
  [[nodiscard]] bool WasHungUp() noexcept;
  /// The next call connects again.
  void Disconnect() noexcept;
  /// Closes the connection of another process that is ours by a fork; the client is of no use then.
  void AbandonAfterFork() noexcept;

  /// Connects if need be and exchanges a ping. This, Status and Order need no environment.
  base::Result<void> Ping() noexcept;
  /// The daemon's status as JSON.
  base::Result<std::string> Status() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pennon::client
