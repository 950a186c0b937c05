// Everything that can be connected to: the Unix socket, loopback HTTP and the listener for probes;
// and who may.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "daemon/daemon_config.h"
#include "daemon/inherited_sockets.h"
#include "daemon/peer_rules.h"
#include "daemon/peer_slots.h"
#include "daemon/worker_service.h"
#include "net/http_protocol.h"
#include "net/unix_socket.h"
#include "net/worker_pool.h"
#include "serving/frame_protocol.h"

namespace pennon::daemon {

/// A listener under the name that status and metrics use: "unix", "http", "admin".
struct NamedListener {
  std::string name;
  std::string address;  // a path or host:port
  /// More than one after the Unix socket had to be bound again.
  std::vector<const net::Listener*> sockets;

  [[nodiscard]] net::ListenerCounts counts() const;
};

/// What one worker answers connections with. Not owned.
struct WorkerParts {
  WorkerService* service;
  serving::FrameProtocolOptions frames;
};

/// Who may ask.
struct Access {
  std::shared_ptr<const PeerRules> rules;  // on the Unix socket
  std::shared_ptr<const HttpAccess> http;
};

/// Confined to the control thread, but for the factories of protocols, which workers call. Must
/// outlive the pool's connections: stop the pool first.
class Listeners {
 public:
  Listeners(const DaemonConfig& config, net::WorkerPool& pool, std::vector<WorkerParts> workers,
            base::Logger& log);

  /// Reads who may ask and with which token; what is in force stays.
  [[nodiscard]] base::Result<Access> ReadAccess() const;
  /// Puts that in force for connections and requests from now on.
  void PutInForce(const Access& access);

  /// What loopback HTTP asks for from now on.
  [[nodiscard]] const BearerTokens& tokens() const { return access_->tokens; }

  /// Opens what the configuration wants. A socket that was inherited is used as it is: never bound,
  /// unlinked or given another mode.
  base::Result<void> Open(InheritedSockets inherited);
  /// Removes the Unix socket's file, so that who connects sees at once that nobody listens; an
  /// inherited one stays for the next instance.
  void Unlink() { unix_socket_.reset(); }

  /// Binds the Unix socket again when somebody has removed its file; to be called now and then.
  void KeepInPlace();

  /// What the buffers of all connections hold.
  [[nodiscard]] const net::MemoryBudget& memory() const { return *memory_; }
  [[nodiscard]] const std::vector<NamedListener>& all() const { return listeners_; }
  /// Connections refused because their user had too many.
  [[nodiscard]] std::uint64_t refused_of_user() const { return slots_.refused(); }

 private:
  base::Result<void> OpenUnix(std::optional<int> inherited);
  base::Result<void> OpenTcp(std::string_view name, Door door, std::optional<int> inherited,
                             const std::string& address, std::int64_t port);
  [[nodiscard]] net::UnixSocketOptions UnixOptions() const;
  void Serve(std::string name, int fd, bool is_inherited, net::ProtocolFactory factory);
  net::ProtocolFactory UnixProtocol();
  net::ProtocolFactory TcpProtocol(Door door);
  std::unique_ptr<net::StreamProtocol> MakeHttp(std::size_t worker, Door door,
                                                const serving::Grant& grant, net::LateAnswer late);

  const DaemonConfig& config_;
  net::WorkerPool& pool_;
  std::vector<WorkerParts> workers_;
  base::Logger& log_;
  net::HttpLimits http_limits_;
  std::shared_ptr<const HttpAccess> access_ = std::make_shared<const HttpAccess>();
  std::shared_ptr<net::MemoryBudget> memory_;
  PeerSlots slots_;
  /// Of each worker: the rules that its new connections are judged by, replaced by a post.
  std::vector<std::shared_ptr<const PeerRules>> rules_;
  std::optional<net::UnixSocket> unix_socket_;
  std::vector<NamedListener> listeners_;
};

}  // namespace pennon::daemon
