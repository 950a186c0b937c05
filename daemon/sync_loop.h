// When to ask the upstream, and what to do with its answers; for ever, whatever they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/backoff.h"
#include "daemon/environment.h"
#include "daemon/sync_stream.h"
#include "daemon/upstream.h"
#include "net/control_loop.h"

namespace pennon::daemon {

struct SyncState {
  bool key_refused = false;  // the last fetch was answered 401 or 403
  bool healthy = false;      // the last fetch was answered and accepted
  std::optional<base::Error> last_error;
  std::uint64_t fetched = 0;             // new sets put in force
  std::uint64_t deltas = 0;              // of these, made by a delta
  std::uint64_t confirmed = 0;           // answers that nothing has changed
  std::uint64_t failed = 0;              // no usable answer
  std::uint64_t refused = 0;             // sets that were not put in force
  std::int64_t next_attempt_millis = 0;  // from now; 0 while one is running
};

/// Confined to the control thread. One fetch at a time; nothing ends the loop but its destruction.
class SyncLoop {
 public:
  SyncLoop(const DaemonConfig& config, Upstream& upstream, Environment& environment,
           net::ControlLoop& control, const base::Clock& clock, base::Logger& log,
           const Backoff& backoff);

  void Start() { Fetch(); }
  /// Listens to the stream from the first good answer on; polls are rare while it is open.
  void Follow(SyncStream& stream);
  /// Does not wait for the next attempt.
  void FetchNow();
  [[nodiscard]] SyncState state() const;
  /// Null when only polls are made.
  [[nodiscard]] const StreamState* stream() const {
    return stream_ == nullptr ? nullptr : &stream_->state();
  }

 private:
  void Fetch();
  void OnFetched(const KnownSet& asked, FetchResult result);
  void FetchTold();
  void OnEvent(const wire::StreamEvent& event);
  void OnAlive();
  void OnStreamOpen(bool is_open);
  void ScheduleAfter(std::int64_t pause);
  std::int64_t PauseAfterSuccess();
  void NoteHealthy();
  std::int64_t OnAnswer(Fetched fetched);
  base::Result<void> Apply(Fetched fetched);
  std::int64_t OnFailure(const FetchFailure& failure);
  void NoteFailure(const base::Error& error, std::string_view event);

  const DaemonConfig& config_;
  Upstream& upstream_;
  Environment& environment_;
  net::ControlLoop& control_;
  const base::Clock& clock_;
  base::Logger& log_;
  Backoff backoff_;
  SyncStream* stream_ = nullptr;
  std::string told_;  // the newest set that the open stream knows to be here, or told of
  base::SteadyMillis stream_confirmed_at_ = 0;
  SyncState state_;
  bool asked_for_delta_ = false;
  bool asks_again_ = false;  // as soon as the running fetch has ended
  bool is_told_ = false;     // the same, unless it fails
  bool is_failing_ = false;  // the last fetch was not answered
  base::SteadyMillis next_attempt_at_ = 0;
  net::ControlLoop::Timer timer_;
};

}  // namespace pennon::daemon
