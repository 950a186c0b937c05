#include "daemon/environment_sync.h"

#include <utility>

#include "daemon/file_source.h"
#include "daemon/http_source.h"
#include "daemon/pennon_upstream.h"
#include "daemon/store_report.h"
#include "daemon/store_source.h"
#include "daemon/unleash_report.h"

namespace pennon::daemon {

EnvironmentSync::EnvironmentSync(const DaemonConfig& config, const SharedParts& shared)
    : config_(config),
      shared_(shared),
      publisher_(shared.pool, shared.services),
      environment_(config, shared.clock, shared.log, publisher_) {
  if (!HasUpstream(config)) return;
  const auto backoff = [&] {
    return Backoff(config.poll_interval.millis, config.retry_max.millis);
  };
  upstream_ = MakeUpstream();
  sync_.emplace(config, *upstream_, environment_, shared.control, shared.clock, shared.log,
                backoff());
  if (config.stream && FollowsStore(config)) {
    stream_.emplace(config, shared.http, shared.control, shared.clock, shared.log, backoff());
    sync_->Follow(*stream_);
  }
  // Of several sources, the first is who is told.
  std::unique_ptr<ReportWriter> writer;
  if (config.report && config.upstream_kind == "pennon") {
    writer = std::make_unique<StoreReport>(config);
  } else if (config.report && config.upstream_kind == "unleash") {
    writer = std::make_unique<UnleashReport>(config, shared.clock);
  }
  if (writer != nullptr) {
    reporter_.emplace(config, environment_, std::move(writer), shared.http, shared.control,
                      shared.clock, shared.log, backoff());
  }
}

std::unique_ptr<Upstream> EnvironmentSync::MakeUpstream() {
  if (FollowsStore(config_)) {
    return std::make_unique<PennonUpstream>(config_, shared_.http, shared_.control);
  }
  std::vector<NamedSource> sources;
  sources.push_back({"upstream", MakeSource(config_)});
  for (const DaemonConfig& source : config_.sources) {
    sources.push_back({source.name, MakeSource(source)});
  }
  auto layered = std::make_unique<LayeredUpstream>(config_.environment, std::move(sources),
                                                   shared_.clock, shared_.log);
  layers_ = layered.get();
  return layered;
}

std::unique_ptr<Source> EnvironmentSync::MakeSource(const DaemonConfig& config) const {
  if (config.upstream_kind == "file") {
    return std::make_unique<FileSource>(config, shared_.control);
  }
  if (config.upstream_kind == "pennon") {
    return std::make_unique<StoreSource>(config, shared_.http, shared_.control);
  }
  return std::make_unique<HttpSource>(config, shared_.http, shared_.control);
}

void EnvironmentSync::Sync() {
  shared_.control.Post([this] {
    if (sync_) BeginToSync();
  });
}

void EnvironmentSync::BeginToSync() {
  // Before the first look: what changes after it must not be missed.
  if (layers_ != nullptr) layers_->Watch([this] { sync_->FetchNow(); });
  sync_->Start();
  if (reporter_) reporter_->Start();
  WatchKey();
}

// An upstream that refuses the key is asked rarely: a new one is tried at once.
void EnvironmentSync::WatchKey() {
  if (config_.upstream_key_file == watched_key_) return;
  watched_key_ = config_.upstream_key_file;
  key_watch_.reset();
  if (watched_key_.empty()) return;
  key_watch_.emplace(config_.upstream_key_file, shared_.control, [this] {
    key_watch_->Refresh();
    if (!sync_->state().healthy) sync_->FetchNow();
  });
  key_watch_->Refresh();
}

void EnvironmentSync::FetchNow() {
  if (!sync_) return;
  WatchKey();  // a reload may have named another one
  sync_->FetchNow();
}

void EnvironmentSync::Stop() {
  if (reporter_) reporter_->Stop();
  environment_.Stop();
}

}  // namespace pennon::daemon
