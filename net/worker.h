// One serving thread: its event loop and the connections that live on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "net/event_loop.h"
#include "net/stream_protocol.h"

namespace pennon::net {

class Connection;

/// Deadlines are counted in ticks of one timer a worker, not by a timer a connection.
inline constexpr std::int64_t kTickMillis = 250;

/// Of what a connection reads at a time.
inline constexpr std::size_t kFirstInputBytes = std::size_t{16} * 1024;

/// Everything but Start, Post, Drain, CloseAll and Join belongs to the worker's own thread. A
/// connection keeps its worker alive, so that a late answer never meets a dead event loop.
class Worker : public std::enable_shared_from_this<Worker> {
 public:
  /// `spin_micros`: how long it waits without sleeping for what follows a request.
  Worker(std::size_t number, std::int64_t spin_micros)
      : index(number), loop(kTickMillis, [this] { OnTick(); }, {.nanos = spin_micros * 1'000}) {}

  void Start();
  void Post(std::function<void()> task) { loop.Post(std::move(task)); }
  /// Closes idle connections, lets the others finish, then calls `done` on the worker.
  void Drain(std::function<void()> done);
  void CloseAll();
  /// After CloseAll: returns when the loop has come to its end. A worker that was never started
  /// comes to its end here.
  void Join();

  const std::size_t index;
  EventLoop loop;
  std::unordered_set<std::shared_ptr<Connection>> connections;
  std::uint32_t tick = 1;  // 0 means "never" in a connection
  bool draining = false;
  // Lent to the connection that is being served: one that waits needs none, however many there are.
  std::unique_ptr<char[]> spare_input;  // of kFirstInputBytes
  std::string spare_output;

  /// Starts a connection, or drops it when this worker has ended.
  void Add(const std::shared_ptr<Connection>& connection, const Peer& peer);
  /// Called by a connection that ends; it is destroyed a little later.
  void Remove(const std::shared_ptr<Connection>& connection);
  /// Has `task` run with the next tick.
  void AtNextTick(std::function<void()> task) { at_tick_.push_back(std::move(task)); }

 private:
  void OnTick();

  std::function<void()> drained_;
  std::vector<std::function<void()>> at_tick_;
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace pennon::net
