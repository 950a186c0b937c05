#include "daemon/listeners.h"

#include <utility>

#include "base/digest.h"
#include "base/file.h"
#include "serving/evaluation_http.h"
#include "serving/frame_or_http.h"

namespace pennon::daemon {
namespace {

using base::Error;
using base::Fail;
using base::Result;

constexpr std::int64_t kAdminIdleMillis = 120'000;  // scrapers come again sooner

// HTTP with a handler of the connection's own.
class HttpConnection final : public net::StreamProtocol {
 public:
  HttpConnection(std::unique_ptr<net::HttpHandler> handler, const net::HttpLimits& limits,
                 net::LateAnswer late)
      : handler_(std::move(handler)),
        http_(net::MakeHttpProtocol(*handler_, limits, serving::UnreadableRequestBody,
                                    std::move(late))) {}

  Progress OnBytes(std::span<char> input, std::string& output) override {
    return http_->OnBytes(input, output);
  }

 private:
  std::unique_ptr<net::HttpHandler> handler_;
  std::unique_ptr<net::StreamProtocol> http_;
};

// Holds one of its user's places for as long as the connection lives.
class CountedConnection final : public net::StreamProtocol {
 public:
  CountedConnection(std::unique_ptr<PeerSlots::Slot> slot,
                    std::unique_ptr<net::StreamProtocol> protocol)
      : slot_(std::move(slot)), protocol_(std::move(protocol)) {}

  Progress OnBytes(std::span<char> input, std::string& output) override {
    return protocol_->OnBytes(input, output);
  }

 private:
  std::unique_ptr<PeerSlots::Slot> slot_;
  std::unique_ptr<net::StreamProtocol> protocol_;
};

// The token of one environment, if it has one; `setting` names its file in errors.
Result<void> ReadToken(const DaemonConfig& config, const std::string& setting,
                       BearerTokens& tokens) {
  if (config.http_token_file.empty()) return {};
  auto token = base::ReadSecret(config.http_token_file);
  if (!token) return Fail(Error::Invalid(setting, token.error().Message()));
  for (const BearerToken& other : tokens) {
    if (other.token != *token) continue;
    return Fail(Error::Invalid(setting, "the environments \"" + other.environment + "\" and \"" +
                                            config.environment + "\" have the same token"));
  }
  // The same in every process, so that a stream can be opened again after a restart.
  std::string ticket = base::Sha256Hex("pennon event stream\n" + *token);
  serving::Grant grant;
  grant.every_environment = config.environment.empty();
  if (!grant.every_environment) grant.environments.push_back(config.environment);
  tokens.push_back({std::move(*token), std::move(ticket), config.environment, std::move(grant)});
  return {};
}

Result<std::shared_ptr<const HttpAccess>> ReadHttpAccess(const DaemonConfig& config) {
  HttpAccess access;
  access.environment = config.http_environment;
  if (auto read = ReadToken(config, "http.token_file", access.tokens); !read) {
    return Fail(read.error());
  }
  for (const DaemonConfig& one : config.environments) {
    const std::string setting = "environments." + one.environment + ".http.token_file";
    if (auto read = ReadToken(one, setting, access.tokens); !read) return Fail(read.error());
  }
  return std::make_shared<const HttpAccess>(std::move(access));
}

}  // namespace

Listeners::Listeners(const DaemonConfig& config, net::WorkerPool& pool,
                     std::vector<WorkerParts> workers, base::Logger& log)
    : config_(config),
      pool_(pool),
      workers_(std::move(workers)),
      log_(log),
      http_limits_{config.max_request_headers.bytes, config.max_request_body.bytes},
      memory_(std::make_shared<net::MemoryBudget>(config.max_memory.bytes)),
      slots_(static_cast<std::size_t>(config.max_connections_per_user)),
      rules_(workers_.size()) {}

Result<Access> Listeners::ReadAccess() const {
  auto rules = PeerRules::Make(config_.peer_environments, config_.peer_admin_group);
  if (!rules) return Fail(rules.error());
  auto http = ReadHttpAccess(config_);
  if (!http) return Fail(http.error());
  return Access{std::move(*rules), std::move(*http)};
}

void Listeners::PutInForce(const Access& access) {
  if (config_.http_enabled && !config_.peer_environments.empty() && access.http->tokens.empty()) {
    log_.Warn("every user of this host may ask over loopback HTTP, where the rules do not hold",
              {{"rules", "peers.environments"}, {"set", "http.token_file or http.enabled: false"}});
  }
  slots_.SetLimit(static_cast<std::size_t>(config_.max_connections_per_user));
  access_ = access.http;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    pool_.Post(i, [this, i, access] {
      rules_[i] = access.rules;
      workers_[i].service->SetAccess(access.http);
    });
  }
}

Result<void> Listeners::Open(InheritedSockets inherited) {
  if (auto opened = OpenUnix(inherited.Release("unix")); !opened) return opened;
  if (config_.http_enabled) {
    auto opened = OpenTcp("http", Door::kLoopback, inherited.Release("http"), config_.http_address,
                          config_.http_port);
    if (!opened) return opened;
  }
  if (config_.admin_address.empty()) return {};
  return OpenTcp("admin", Door::kAdmin, inherited.Release("admin"), config_.admin_address,
                 config_.admin_port);
}

Result<void> Listeners::OpenUnix(std::optional<int> inherited) {
  if (!inherited) {
    auto socket = net::UnixSocket::Listen(UnixOptions());
    if (!socket) return Fail(socket.error());
    unix_socket_.emplace(std::move(*socket));
  }
  const int fd = inherited ? *inherited : unix_socket_->Release();
  Serve("unix", fd, inherited.has_value(), UnixProtocol());
  return {};
}

Result<void> Listeners::OpenTcp(std::string_view name, Door door, std::optional<int> inherited,
                                const std::string& address, std::int64_t port) {
  if (inherited) {
    Serve(std::string(name), *inherited, true, TcpProtocol(door));
    return {};
  }
  const auto fd = net::ListenTcp(address, static_cast<std::uint16_t>(port));
  if (!fd) return Fail(fd.error());
  Serve(std::string(name), *fd, false, TcpProtocol(door));
  return {};
}

void Listeners::Serve(std::string name, int fd, bool is_inherited, net::ProtocolFactory factory) {
  // A socket knows the name that it was bound to, which for our own is not where it is now.
  const bool is_own_unix = name == "unix" && !is_inherited;
  std::string address = is_own_unix ? config_.socket_path : AddressOf(fd);
  net::ConnectionLimits limits;
  limits.max_connections = static_cast<std::size_t>(config_.max_connections);
  limits.max_output_bytes = config_.max_output.bytes;
  limits.message_deadline_millis = config_.message_timeout.millis;
  limits.write_deadline_millis = config_.write_timeout.millis;
  // A host that has gone without a word would else keep its place for ever.
  if (name == "admin") limits.idle_deadline_millis = kAdminIdleMillis;
  limits.leave_waiting = is_inherited;
  limits.memory = memory_;
  const net::Listener& listener = pool_.Serve(fd, limits, std::move(factory));
  log_.Info("listening", {{name == "unix" ? "socket" : std::string_view(name), address},
                          {"inherited", is_inherited ? "true" : "false"}});
  for (NamedListener& named : listeners_) {
    if (named.name == name) return named.sockets.push_back(&listener);
  }
  listeners_.push_back({std::move(name), std::move(address), {&listener}});
}

net::UnixSocketOptions Listeners::UnixOptions() const {
  return {config_.socket_path, config_.socket_mode.bits, config_.socket_group};
}

// The socket without a file stays open for the connections that wait there, and costs nothing.
void Listeners::KeepInPlace() {
  if (!unix_socket_ || unix_socket_->IsInPlace()) return;
  const auto bound = unix_socket_->BindAgain(UnixOptions());
  if (!bound) {
    log_.Error("the socket's file is gone and cannot be made again",
               {{"socket", config_.socket_path}, {"reason", bound.error().Message()}});
    return;
  }
  log_.Error("the socket's file was gone and is made again", {{"socket", config_.socket_path}});
  Serve("unix", unix_socket_->Release(), false, UnixProtocol());
}

net::ListenerCounts NamedListener::counts() const {
  net::ListenerCounts sum;
  for (const net::Listener* listener : sockets) {
    const net::ListenerCounts one = listener->counts();
    sum.accepted += one.accepted;
    sum.refused += one.refused;
    sum.open += one.open;
  }
  return sum;
}

std::unique_ptr<net::StreamProtocol> Listeners::MakeHttp(std::size_t worker, Door door,
                                                         const serving::Grant& grant,
                                                         net::LateAnswer late) {
  return std::make_unique<HttpConnection>(workers_[worker].service->MakeHandler(door, grant),
                                          http_limits_, std::move(late));
}

net::ProtocolFactory Listeners::UnixProtocol() {
  return [this](std::size_t worker, const net::Peer& peer,
                net::LateAnswer late) -> std::unique_ptr<net::StreamProtocol> {
    const serving::Grant grant = rules_[worker]->For(peer);
    if (grant.IsEmpty()) return nullptr;
    auto slot = slots_.Take(peer.uid);
    if (slot == nullptr) return nullptr;
    const WorkerParts& parts = workers_[worker];
    auto protocol = serving::MakeFrameOrHttpProtocol(
        [&parts, late, grant] {
          return serving::MakeFrameProtocol(parts.service->evaluations(), parts.frames, late,
                                            grant);
        },
        [this, worker, late, grant] { return MakeHttp(worker, Door::kUnix, grant, late); });
    return std::make_unique<CountedConnection>(std::move(slot), std::move(protocol));
  };
}

net::ProtocolFactory Listeners::TcpProtocol(Door door) {
  return [this, door](std::size_t worker, const net::Peer&, net::LateAnswer late) {
    return MakeHttp(worker, door, serving::Grant(), std::move(late));
  };
}

}  // namespace pennon::daemon
