// pennond, put together: the one place where its parts are made and joined.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon_config.h"
#include "daemon/daemon_status.h"
#include "daemon/environment.h"
#include "daemon/pennon_upstream.h"
#include "daemon/publisher.h"
#include "daemon/reporter.h"
#include "daemon/sync_loop.h"
#include "daemon/sync_stream.h"
#include "daemon/worker_service.h"
#include "net/control_loop.h"
#include "net/http_client.h"
#include "net/http_protocol.h"
#include "net/unix_socket.h"
#include "net/worker_pool.h"
#include "serving/frame_protocol.h"

namespace pennon::daemon {

/// Made, started and run by the main thread, which is the control thread.
class Daemon {
 public:
  Daemon(const DaemonConfig& config, base::Logger& log);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Serves from cache or bootstrap file, opens the listeners, then begins to sync.
  base::Result<void> Start();
  /// Until SIGTERM or SIGINT; then drains and returns. SIGHUP asks the upstream at once.
  void Run();

 private:
  base::Result<void> ListenUnix();
  base::Result<void> ListenLoopback();
  [[nodiscard]] net::ConnectionLimits Limits() const;
  net::ProtocolFactory UnixProtocol();
  net::ProtocolFactory LoopbackProtocol();
  void CollectRetired();

  const DaemonConfig& config_;
  base::Logger& log_;
  base::SystemClock clock_;
  std::atomic<bool> draining_{false};
  net::ControlLoop control_;
  net::WorkerPool pool_;
  net::HttpClient http_;
  ControlQuestions questions_;
  serving::FrameProtocolOptions frame_options_;
  net::HttpLimits http_limits_;
  std::vector<std::unique_ptr<WorkerService>> services_;
  std::optional<Publisher> publisher_;
  std::optional<Environment> environment_;
  std::optional<PennonUpstream> upstream_;
  std::optional<SyncStream> stream_;
  std::optional<SyncLoop> sync_;
  std::optional<Reporter> reporter_;
  std::optional<DaemonStatus> status_;
  std::optional<net::UnixSocket> unix_socket_;
  net::ControlLoop::Timer collect_timer_;
};

}  // namespace pennon::daemon
