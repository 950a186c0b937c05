#include "daemon/daemon.h"

#include <csignal>

#include "base/version.h"
#include "wire/problem.h"

namespace pennon::daemon {
namespace {

constexpr std::int64_t kCollectEveryMillis = 1'000;

std::string ServerName() {
  return "pennond/" + std::string(base::Version());
}

std::string HttpErrorText(int status, std::string_view what) {
  return wire::ProblemDocument(status, base::Error::Invalid("request", what));
}

}  // namespace

Daemon::Daemon(const DaemonConfig& config, base::Logger& log)
    : config_(config),
      log_(log),
      pool_(static_cast<std::size_t>(config.workers)),
      http_(ServerName()) {
  // Workers ask the control thread, which owns all state, and get text back.
  questions_.status = [this](std::function<void(std::string)> done) {
    control_.Post([this, done = std::move(done)] { done(status_->Json()); });
  };
  questions_.metrics = [this](std::function<void(std::string)> done) {
    control_.Post([this, done = std::move(done)] { done(status_->Metrics()); });
  };
  frame_options_ = {ServerName(), questions_.status};
  http_limits_ = {config.max_request_headers.bytes, config.max_request_body.bytes};

  std::vector<serving::EvaluationService*> evaluations;
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    services_.push_back(std::make_unique<WorkerService>(clock_, questions_, draining_));
    evaluations.push_back(&services_.back()->evaluations());
  }
  publisher_.emplace(pool_, evaluations);
  environment_.emplace(config_, clock_, log_, *publisher_);
  if (!config_.upstream_url.empty()) {
    upstream_.emplace(config_, http_, control_);
    const auto backoff = [this] {
      return Backoff(config_.poll_interval.millis, config_.retry_max.millis);
    };
    sync_.emplace(config_, *upstream_, *environment_, control_, clock_, log_, backoff());
    if (config_.stream) {
      stream_.emplace(config_, http_, control_, clock_, log_, backoff());
      sync_->Follow(*stream_);
    }
    if (config_.report) {
      reporter_.emplace(config_, *environment_, http_, control_, clock_, log_, backoff());
      reporter_->Count(pool_, evaluations);
    }
  }
  status_.emplace(
      config_, clock_, *environment_, sync_ ? &*sync_ : nullptr,
      std::vector<const serving::EvaluationService*>(evaluations.begin(), evaluations.end()));
  if (reporter_) status_->AddReporter(*reporter_);
}

Daemon::~Daemon() {
  pool_.Stop(0);
}

base::Result<void> Daemon::Start() {
  // Before anybody can see that it listens and ask it to stop.
  control_.OnSignals({SIGTERM, SIGINT, SIGHUP}, [this](int signal) {
    if (signal != SIGHUP) return control_.Stop();
    log_.Info("asking the upstream at once");
    if (sync_) sync_->FetchNow();
  });
  if (auto started = environment_->Start(); !started) return started;
  if (auto listening = ListenUnix(); !listening) return listening;
  if (config_.http_enabled) {
    if (auto listening = ListenLoopback(); !listening) return listening;
  }
  pool_.Start();
  if (sync_) sync_->Start();
  if (reporter_) reporter_->Start();
  CollectRetired();
  return {};
}

void Daemon::Run() {
  control_.Run();
  log_.Info("stopping");
  draining_.store(true, std::memory_order_relaxed);
  unix_socket_.reset();  // who connects from now on sees at once that nobody listens
  pool_.Stop(config_.drain_timeout.millis);
  if (reporter_) reporter_->Stop();
  environment_->Stop();
  log_.Info("stopped");
}

net::ConnectionLimits Daemon::Limits() const {
  net::ConnectionLimits limits;
  limits.max_connections = static_cast<std::size_t>(config_.max_connections);
  limits.max_output_bytes = config_.max_output.bytes;
  limits.message_deadline_millis = config_.message_timeout.millis;
  limits.write_deadline_millis = config_.write_timeout.millis;
  return limits;
}

base::Result<void> Daemon::ListenUnix() {
  auto socket = net::UnixSocket::Listen(
      {config_.socket_path, config_.socket_mode.bits, config_.socket_group});
  if (!socket) return base::Fail(socket.error());
  unix_socket_.emplace(std::move(*socket));
  const net::Listener& listener = pool_.Serve(unix_socket_->Release(), Limits(), UnixProtocol());
  status_->AddListener({"unix", config_.socket_path, &listener});
  log_.Info("listening", {{"socket", config_.socket_path}});
  return {};
}

base::Result<void> Daemon::ListenLoopback() {
  const auto fd =
      net::ListenTcp(config_.http_address, static_cast<std::uint16_t>(config_.http_port));
  if (!fd) return base::Fail(fd.error());
  const net::Listener& listener = pool_.Serve(*fd, Limits(), LoopbackProtocol());
  const bool is_v6 = config_.http_address.find(':') != std::string::npos;
  const std::string host = is_v6 ? '[' + config_.http_address + ']' : config_.http_address;
  const std::string address = host + ':' + std::to_string(listener.port());
  status_->AddListener({"http", address, &listener});
  log_.Info("listening", {{"http", address}});
  return {};
}

net::ProtocolFactory Daemon::UnixProtocol() {
  return [this](std::size_t worker, const net::Peer&, net::LateAnswer late) {
    WorkerService& service = *services_[worker];
    return serving::MakeFrameOrHttpProtocol(
        [this, &service, late] {
          return serving::MakeFrameProtocol(service.evaluations(), frame_options_, late);
        },
        [this, &service, late] {
          return net::MakeHttpProtocol(service.unix_handler(), http_limits_, HttpErrorText, late);
        });
  };
}

net::ProtocolFactory Daemon::LoopbackProtocol() {
  return [this](std::size_t worker, const net::Peer&, net::LateAnswer late) {
    return net::MakeHttpProtocol(services_[worker]->loopback_handler(), http_limits_, HttpErrorText,
                                 std::move(late));
  };
}

void Daemon::CollectRetired() {
  publisher_->FreeRetired();
  collect_timer_ = control_.After(kCollectEveryMillis, [this] { CollectRetired(); });
}

}  // namespace pennon::daemon
