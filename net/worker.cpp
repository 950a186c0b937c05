#include "net/worker.h"

#include <utility>

#include "net/connection.h"

namespace pennon::net {

void Worker::Start() {
  thread_ = std::thread([self = shared_from_this()] { self->loop.Run(); });
}

void Worker::OnTick() {
  ++tick;
  for (const auto& task : std::exchange(at_tick_, {})) task();
  const std::vector<std::shared_ptr<Connection>> all(connections.begin(), connections.end());
  for (const auto& connection : all) connection->OnTick(tick);
}

void Worker::Add(const std::shared_ptr<Connection>& connection, const Peer& peer) {
  if (closed_) return;
  connections.insert(connection);
  connection->Start(peer);
}

void Worker::Remove(const std::shared_ptr<Connection>& connection) {
  // Whoever calls is in the midst of it.
  loop.Post([connection] {});
  connections.erase(connection);
  if (connections.empty()) loop.ExpectNothing();
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
    loop.Stop();
  });
}

void Worker::Join() {
  if (thread_.joinable()) {
    thread_.join();
  } else {
    loop.Run();
  }
}

}  // namespace pennon::net
