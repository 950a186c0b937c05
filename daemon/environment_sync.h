// One environment with everything that keeps it: upstream, stream, loop, reports.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon_config.h"
#include "daemon/environment.h"
#include "daemon/file_watch.h"
#include "daemon/layered_upstream.h"
#include "daemon/publisher.h"
#include "daemon/reporter.h"
#include "daemon/sync_loop.h"
#include "daemon/sync_stream.h"
#include "net/control_loop.h"
#include "net/http_client.h"
#include "net/worker_pool.h"
#include "serving/evaluation_service.h"

namespace pennon::daemon {

/// What all environments of a daemon share; borrowed.
struct SharedParts {
  net::ControlLoop& control;
  net::HttpClient& http;
  net::WorkerPool& pool;
  const std::vector<serving::EvaluationService*>& services;  // one a worker
  const base::Clock& clock;
  base::Logger& log;
};

/// Confined to the control thread. Borrows what it is made with.
class EnvironmentSync {
 public:
  /// `config` is of this environment alone.
  EnvironmentSync(const DaemonConfig& config, const SharedParts& shared);

  /// Serves from cache or bootstrap file; before the workers run.
  base::Result<void> Start() { return environment_.Start(); }
  /// Begins to ask the upstream, as soon as the loop runs.
  void Sync();
  void FetchNow();
  /// After the workers have stopped.
  void Stop();
  void EverySecond() {
    publisher_.FreeRetired();
    environment_.EverySecond();
  }

  [[nodiscard]] const DaemonConfig& config() const { return config_; }
  [[nodiscard]] Environment& environment() { return environment_; }
  [[nodiscard]] const Environment& environment() const { return environment_; }
  /// Of the upstream, without credentials; "": there is none.
  [[nodiscard]] std::string identity() const {
    return upstream_ == nullptr ? "" : upstream_->identity();
  }
  // Null when there is none.
  [[nodiscard]] const SyncLoop* sync() const { return sync_ ? &*sync_ : nullptr; }
  [[nodiscard]] Reporter* reporter() { return reporter_ ? &*reporter_ : nullptr; }
  [[nodiscard]] const Reporter* reporter() const { return reporter_ ? &*reporter_ : nullptr; }
  [[nodiscard]] const LayeredUpstream* layers() const { return layers_; }

 private:
  void BeginToSync();
  void WatchKey();
  std::unique_ptr<Upstream> MakeUpstream();
  [[nodiscard]] std::unique_ptr<Source> MakeSource(const DaemonConfig& config) const;

  const DaemonConfig& config_;
  SharedParts shared_;
  Publisher publisher_;
  Environment environment_;
  LayeredUpstream* layers_ = nullptr;  // upstream_, when it is one
  std::unique_ptr<Upstream> upstream_;
  std::optional<SyncStream> stream_;
  std::optional<SyncLoop> sync_;
  std::optional<FileWatch> key_watch_;
  std::string watched_key_;  // the path that it is of; "": none
  std::optional<Reporter> reporter_;
};

}  // namespace pennon::daemon
