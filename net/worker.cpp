#include "net/worker.h"

#include <boost/asio/post.hpp>
#include <vector>

#include "net/connection.h"

namespace pennon::net {

void Worker::Start() {
  thread_ = std::thread([self = shared_from_this()] {
    self->ScheduleTick();
    self->io.run();
  });
}

void Worker::Post(std::function<void()> task) {
  boost::asio::post(io, std::move(task));
}

void Worker::ScheduleTick() {
  timer_.expires_after(std::chrono::milliseconds(kTickMillis));
  timer_.async_wait([this](const boost::system::error_code& ec) {
    // A tick that was due already when it was cancelled comes without an error.
    if (ec || closed_) return;
    ++tick;
    const std::vector<std::shared_ptr<Connection>> all(connections.begin(), connections.end());
    for (const auto& connection : all) connection->OnTick(tick);
    ScheduleTick();
  });
}

void Worker::Add(const std::shared_ptr<Connection>& connection, const Peer& peer) {
  if (closed_) return;
  connections.insert(connection);
  connection->Start(peer);
}

void Worker::Remove(const std::shared_ptr<Connection>& connection) {
  connections.erase(connection);
  if (draining && connections.empty() && drained_) std::exchange(drained_, nullptr)();
}

void Worker::Drain(std::function<void()> done) {
  Post([this, done = std::move(done)]() mutable {
    draining = true;
    drained_ = std::move(done);
    const std::vector<std::shared_ptr<Connection>> all(connections.begin(), connections.end());
    for (const auto& connection : all) connection->CloseWhenIdle();
    if (connections.empty() && drained_) std::exchange(drained_, nullptr)();
  });
}

void Worker::CloseAll() {
  Post([this] {
    closed_ = true;
    const std::vector<std::shared_ptr<Connection>> all(connections.begin(), connections.end());
    for (const auto& connection : all) connection->Close();
    timer_.cancel();
    work_.reset();
  });
}

void Worker::Join() {
  if (thread_.joinable()) {
    thread_.join();
  } else {
    io.run();
  }
}

}  // namespace pennon::net
