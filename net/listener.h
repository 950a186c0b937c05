// Accepts connections on one listening socket and deals them to the workers.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <vector>

#include "net/connection.h"

namespace pennon::net {

/// Runs on the first worker.
class SocketListener final : public Listener, public std::enable_shared_from_this<SocketListener> {
 public:
  SocketListener(std::vector<std::shared_ptr<Worker>> workers, int fd,
                 const ConnectionLimits& limits, ProtocolFactory factory);
  ~SocketListener() override;
  SocketListener(const SocketListener&) = delete;
  SocketListener& operator=(const SocketListener&) = delete;

  void Start();
  /// Called on the first worker. Deals out what waits to be accepted, and ends.
  void Close();

  [[nodiscard]] std::uint16_t port() const override;
  [[nodiscard]] ListenerCounts counts() const override;

 private:
  enum class Accepted { kYes, kNoneWaits, kOutOfMeans };

  void Wait();
  void AcceptAll();
  Accepted AcceptOne();
  void Deal(int fd);
  void Refuse(int fd);
  void Shed();

  std::vector<std::shared_ptr<Worker>> workers_;
  std::size_t next_worker_ = 0;
  int family_;
  std::uint16_t port_ = 0;
  int spare_;
  std::shared_ptr<ListenerState> state_;
  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer pause_;
};

}  // namespace pennon::net
