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
  FrameConnection() = default;
  ~FrameConnection() { Close(); }
  FrameConnection(const FrameConnection&) = delete;
  FrameConnection& operator=(const FrameConnection&) = delete;

  /// Connects; a full backlog is waited for, everything else fails at once.
  base::Result<void> Connect(const std::string& path, Deadline deadline);
  /// Sends `request` (one whole frame with this id) and waits for the answer of that id and type.
  /// An error frame is an error and leaves the connection open. After any other it is closed: an
  /// answer that comes late must not be taken for another's.
  base::Result<Frame> Exchange(std::string_view request, std::uint32_t id, wire::FrameType expected,
                               Deadline deadline);

  /// Waits for one more frame of the answer to `id` (a subscription has many).
  base::Result<Frame> Next(std::uint32_t id, wire::FrameType expected, Deadline deadline);
  /// The descriptors that came with the frames since the last call.
  std::vector<base::Descriptor> TakeDescriptors() { return std::move(descriptors_); }

  /// To wait for a frame; -1 when closed.
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool IsOpen() const { return fd_ >= 0; }
  void Close();
  /// In the child of a fork: another thread of the parent may have been in the middle of a call.
  void AbandonAfterFork() const;

 private:
  base::Result<void> Send(std::string_view bytes, Deadline deadline);
  base::Result<void> Receive(std::size_t size, Deadline deadline);
  void Keep(const msghdr& message);
  base::Result<void> Wait(short events, Deadline deadline) const;

  int fd_ = -1;
  std::string path_;
  std::string received_;
  std::vector<base::Descriptor> descriptors_;
};

}  // namespace pennon::client
