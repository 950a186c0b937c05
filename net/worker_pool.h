// Threads that serve connections: each its own event loop, sharing nothing.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "base/result.h"
#include "net/memory_budget.h"
#include "net/stream_protocol.h"

namespace pennon::net {

/// What a connection may use. A breach closes the connection.
struct ConnectionLimits {
  std::size_t max_connections = 1024;                    // of one listener; more are closed at once
  std::size_t max_output_bytes = std::size_t{4} << 20U;  // answers that the peer does not read
  std::int64_t message_deadline_millis = 10'000;         // for a begun message to be complete
  std::int64_t write_deadline_millis = 10'000;           // for the peer to read something
  std::int64_t idle_deadline_millis = 0;                 // without any traffic; 0: for ever
  /// At Stop, what waits to be accepted stays for the next process that has the listening socket.
  bool leave_waiting = false;
  /// What all connections of a program may hold together; null: no limit.
  std::shared_ptr<MemoryBudget> memory;
};

/// Counts of one listener since start. Safe to read from any thread.
struct ListenerCounts {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  // over max_connections, or out of descriptors
  std::uint64_t open = 0;
};

/// Where connections come from. Destroyed through WorkerPool::Stop.
class Listener {
 public:
  virtual ~Listener() = default;
  /// The TCP port that was bound (useful when port 0 was asked for); 0 for Unix sockets.
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual ListenerCounts counts() const = 0;
};

/// N threads with an event loop each; a connection lives its whole life on one of them.
/// Constructed, started and stopped by one thread; Post is safe from any thread.
class WorkerPool {
 public:
  /// A worker that has served a request waits `spin_micros` for the next without sleeping; this
  /// costs a processor's time, and spares the next request the wait for a thread to be woken.
  explicit WorkerPool(std::size_t workers, std::int64_t spin_micros = 0);
  ~WorkerPool();  // stops without draining
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  [[nodiscard]] std::size_t size() const;
  void Start();
  /// Runs `task` on worker `index`.
  void Post(std::size_t index, std::function<void()> task);

  /// Takes over a listening stream socket (Unix or TCP); connections are dealt to the workers in
  /// turn. The listener lives until Stop. The accept loop survives EMFILE and the like: it keeps a
  /// spare descriptor to refuse with, pauses, and goes on.
  Listener& Serve(int listening_fd, const ConnectionLimits& limits, ProtocolFactory factory);

  /// Stops accepting, lets connections finish what they have received, closes idle ones, waits at
  /// most `drain_millis`, then closes the rest and joins the threads.
  void Stop(std::int64_t drain_millis);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Listens on `address` (127.0.0.1, ::1, …) and `port` (0: any free one). Returns the descriptor.
base::Result<int> ListenTcp(const std::string& address, std::uint16_t port);

}  // namespace pennon::net
