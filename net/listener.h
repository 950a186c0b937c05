// Accepts connections on one listening socket and deals them to the workers.
#pragma once

#include <memory>
#include <vector>

#include "base/descriptor.h"
#include "net/connection.h"

namespace pennon::net {

/// Runs on the first worker.
class SocketListener final : public Listener,
                             public EventLoop::Watched,
                             public std::enable_shared_from_this<SocketListener> {
 public:
  SocketListener(std::vector<std::shared_ptr<Worker>> workers, int fd,
                 const ConnectionLimits& limits, ProtocolFactory factory);
  SocketListener(const SocketListener&) = delete;
  SocketListener& operator=(const SocketListener&) = delete;

  void Start();
  /// Called on the first worker. Deals out what waits to be accepted, and ends.
  void Close();

  [[nodiscard]] std::uint16_t port() const override { return port_; }
  [[nodiscard]] ListenerCounts counts() const override;
  void OnReady(std::uint32_t events) override;

 private:
  enum class Accepted { kYes, kNoneWaits, kOutOfMeans };

  void Pause();
  Accepted AcceptOne();
  void Deal(int fd);
  void Refuse(int fd);
  void Shed();

  std::vector<std::shared_ptr<Worker>> workers_;
  std::size_t next_worker_ = 0;
  base::Descriptor socket_;
  int family_;
  std::uint16_t port_;
  base::Descriptor spare_;
  std::shared_ptr<ListenerState> state_;
};

}  // namespace pennon::net
