// The seam between bytes on a connection and whoever understands them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace pennon::net {

/// Who is at the other end, as the kernel said when the connection was made.
struct Peer {
  bool is_unix = false;
  std::uint32_t uid = 0;  // of a Unix socket's peer; meaningless on TCP
  std::uint32_t gid = 0;
  std::int32_t pid = 0;
  std::string address;  // of a TCP peer: "192.0.2.7", "2001:db8::7"; "" on a Unix socket
  std::vector<std::uint32_t> groups;  // beside `gid`
};

/// What follows the bytes of a late answer.
enum class AfterAnswer : std::uint8_t {
  kRequests,  // the connection goes on with what the peer sends
  kClose,     // the connection ends
  kMore,      // further bytes of the same answer: it stays suspended
};

/// Delivers an answer after OnBytes has returned. Copyable and callable from any thread; does
/// nothing when the connection is gone meanwhile. Bytes are written as they are.
class LateAnswer {
 public:
  using Send = std::function<void(std::string bytes, AfterAnswer after)>;
  LateAnswer() = default;
  explicit LateAnswer(Send send) : send_(std::move(send)) {}

  /// The whole answer, or the last of it; at most once for each suspension.
  void operator()(std::string bytes, bool close) const {
    send_(std::move(bytes), close ? AfterAnswer::kClose : AfterAnswer::kRequests);
  }
  /// A piece of an answer that goes on, of any size. A peer that leaves pieces unread, and has more
  /// than the listener's `max_output_bytes` to read, is disconnected.
  void Push(std::string bytes) const { send_(std::move(bytes), AfterAnswer::kMore); }

 private:
  Send send_;
};

/// A protocol that has appended this much for one offer should return with `more`, so that a few
/// pipelined requests for large answers cannot fill the memory before any of it is written.
inline constexpr std::size_t kOutputRoundBytes = std::size_t{256} * 1024;

/// Who waits keeps no more than this of a buffer that is empty: there may be many.
inline constexpr std::size_t kKeptBufferBytes = std::size_t{64} * 1024;

/// Empties a vector or string for what comes next.
template <typename Buffer>
void EmptyForNext(Buffer& buffer) {
  buffer.clear();
  if (buffer.capacity() * sizeof(buffer[0]) > kKeptBufferBytes) Buffer().swap(buffer);
}

/// Descriptors to be handed to the peer of a Unix socket, with whatever keeps them open.
struct Descriptors {
  std::vector<int> fds;  // at most kMaxDescriptors
  std::shared_ptr<const void> owner;
  std::string otherwise;  // the answer when this peer, or too many others, have left theirs unread
};
inline constexpr std::size_t kMaxDescriptors = 4;

/// Turns input into output for one connection. Sans-I/O; confined to the connection's worker.
class StreamProtocol {
 public:
  struct Progress {
    std::size_t consumed = 0;  // bytes that will not be offered again
    bool close = false;        // close after the output is written
    bool suspended = false;    // offer nothing more until the LateAnswer is given
    bool more = false;         // stopped until the output is written: offer the rest again as it is
    /// Goes out with the output of this offer, which is one answer. To be given together with
    /// `more`, so that nothing is offered before it is sent. What a peer does not read is charged
    /// to this process, so one that leaves answers unread gets none.
    std::shared_ptr<const Descriptors> descriptors;
    /// For a protocol that consumes bytes before it understands them: how many bytes of memory the
    /// beginning of a message takes that it keeps, never 0 while the peer has to go on with one;
    /// and whether it has come to the end of one since it was asked last.
    std::size_t kept = 0;
    bool advanced = false;
    bool greets = false;  // only the transport has spoken so far, and nothing was asked
  };

  virtual ~StreamProtocol() = default;

  /// Is offered all bytes not yet consumed and answers every complete message among them by
  /// appending to `output`. The input may be written to, and one byte past its end as well (in-situ
  /// parsers want a terminator there).
  virtual Progress OnBytes(std::span<char> input, std::string& output) = 0;

  /// Makes of the bytes of a LateAnswer what is sent; `is_last`: the connection ends with them.
  virtual void Wrap(std::string& bytes, bool is_last) {
    static_cast<void>(bytes);
    static_cast<void>(is_last);
  }
};

/// Makes the protocol of a new connection; called on the worker that will serve it. Null: this peer
/// is refused, and the connection closed.
using ProtocolFactory = std::function<std::unique_ptr<StreamProtocol>(
    std::size_t worker, const Peer& peer, LateAnswer late)>;

}  // namespace pennon::net
