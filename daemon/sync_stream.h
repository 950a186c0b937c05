// GET /sync/v1/stream, kept open: the store tells of changes as they are made. What it tells is for
// others to act on; this keeps the connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/backoff.h"
#include "daemon/daemon_config.h"
#include "net/control_loop.h"
#include "net/http_client.h"
#include "wire/event_stream.h"

namespace pennon::daemon {

struct StreamHandlers {
  std::function<std::string()> cursor;  // what Last-Event-ID says; "": nothing is known
  std::function<void(const wire::StreamEvent&)> on_event;
  std::function<void()> on_alive;        // a heartbeat or events (told before) have come, whole
  std::function<void(bool)> on_is_open;  // it is open from now on, or is not
};

struct StreamState {
  bool is_open = false;
  std::uint64_t opened = 0;
  std::uint64_t events = 0;
  std::optional<base::Error> last_error;  // since it was open last
};

/// Reconnects for ever: with growing random pauses after failures, slowly where the upstream has no
/// stream or refuses the key. Closes a connection on which nothing came for upstream.stream_idle,
/// and, so that it goes where the name points today, one that is upstream.stream_max_age old.
/// Confined to the control thread; borrows what it is made with.
class SyncStream {
 public:
  SyncStream(const DaemonConfig& config, net::HttpClient& http, net::ControlLoop& control,
             const base::Clock& clock, base::Logger& log, const Backoff& backoff);
  ~SyncStream();
  SyncStream(const SyncStream&) = delete;
  SyncStream& operator=(const SyncStream&) = delete;

  void SetHandlers(StreamHandlers handlers) { handlers_ = std::move(handlers); }
  /// Opens it, unless it is open, or will be after a pause.
  void Start();
  /// While polls get no answer they are enough to find out when there is one: one that is not open
  /// stays so until Start. A fleet that asks in two ways comes back twice as fast.
  void Hold();
  [[nodiscard]] const StreamState& state() const { return state_; }

 private:
  struct Incoming;  // what the client's thread reads
  void Open();
  void Watch();
  void OnIncoming(std::uint64_t attempt, const std::optional<wire::StreamEvent>& event,
                  bool is_sign);
  void OnEnd(const base::Result<net::HttpFetched>& result);
  void Close();
  void OpenAfter(std::int64_t pause);
  void NoteFailure(const base::Error& error);

  const DaemonConfig& config_;
  net::HttpClient& http_;
  net::ControlLoop& control_;
  const base::Clock& clock_;
  base::Logger& log_;
  Backoff backoff_;
  StreamHandlers handlers_;
  StreamState state_;
  bool is_wanted_ = false;     // started, and not held since
  std::uint64_t attempt_ = 0;  // what an earlier one still has to say does not count
  std::uint64_t fetch_ = 0;
  base::SteadyMillis opened_at_ = 0;
  base::SteadyMillis last_byte_at_ = 0;
  base::SteadyMillis end_at_ = 0;
  net::ControlLoop::Timer timer_;
};

}  // namespace pennon::daemon
