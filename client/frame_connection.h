// A connection to the daemon's Unix socket that exchanges one frame at a time, by a deadline.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "wire/frame.h"

namespace pennon::client {

/// Milliseconds of the steady clock.
using Deadline = std::int64_t;
Deadline DeadlineIn(std::int64_t millis);

struct Frame {
  wire::FrameHeader header;
  std::string_view payload;  // valid until the next Exchange
};

/// Confined to one thread at a time. Never raises a signal, never blocks beyond a deadline.
class FrameConnection {
 public:
  /// `spin_micros`: how long Exchange waits for an answer without sleeping. Most answers are there
  /// sooner than a thread that sleeps could be woken.
  explicit FrameConnection(std::int64_t spin_micros = 0) : spin_nanos_(spin_micros * 1'000) {}
  ~FrameConnection() { Close(); }
  FrameConnection(const FrameConnection&) = delete;
  FrameConnection& operator=(const FrameConnection&) = delete;

  /// Connects; a full backlog is waited for, everything else fails at once.
  base::Result<void> Connect(const std::string& path, Deadline deadline);
  /// Sends `request` (one whole frame with this id) and waits for the answer of that id and type,
  /// which must be all that comes.
  /// An error frame is an error and leaves the connection open. After any other it is closed: an
  /// answer that comes late must not be taken for another's.
  base::Result<Frame> Exchange(std::string_view request, std::uint32_t id, wire::FrameType expected,
                               Deadline deadline);

  /// The same for a request whose answer has many frames (a subscription's): waits for the first.
  base::Result<Frame> Begin(std::string_view request, std::uint32_t id, wire::FrameType expected,
                            Deadline deadline);
  /// Waits for one more frame of such an answer.
  base::Result<Frame> Next(std::uint32_t id, wire::FrameType expected, Deadline deadline);
  /// The descriptors that came with the frames since the last call.
  std::vector<base::Descriptor> TakeDescriptors() { return std::move(descriptors_); }

  /// To wait for a frame; -1 when closed.
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool IsOpen() const { return fd_ >= 0; }
  /// Whether the daemon took the connection made last and has ended it.
  [[nodiscard]] bool WasHungUp() const { return was_hung_up_; }
  void Close();
  /// In the child of a fork: another thread of the parent may have been in the middle of a call.
  void AbandonAfterFork() const;

 private:
  base::Result<void> Send(std::string_view bytes, Deadline deadline);
  base::Result<void> SendAnew(std::string_view request, Deadline deadline);
  base::Result<void> Receive(std::size_t size, std::size_t most, Deadline deadline);
  base::Result<Frame> ReceiveFrame(std::size_t most, std::uint32_t id, wire::FrameType expected,
                                   Deadline deadline);
  void Keep(const msghdr& message);
  base::Result<void> Wait(short events, Deadline deadline) const;
  base::Error Ended(int why);
  [[nodiscard]] bool IsSpinning();

  const std::int64_t spin_nanos_;
  std::int64_t spins_until_ = 0;  // nanoseconds of the steady clock; 0: sleeps
  int fd_ = -1;
  bool was_hung_up_ = false;
  std::string path_;
  std::string received_;
  std::vector<base::Descriptor> descriptors_;
};

}  // namespace pennon::client
