// One connection: read all there is, let the protocol answer all of it, write once.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/descriptor.h"
#include "net/event_loop.h"
#include "net/stream_protocol.h"
#include "net/worker.h"
#include "net/worker_pool.h"

namespace pennon::net {

/// What connections of one listener share.
struct ListenerState {
  ConnectionLimits limits;
  ProtocolFactory factory;
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> open{0};
};

/// Confined to its worker, but for the LateAnswer it gives out.
class Connection final : public EventLoop::Watched,
                         public std::enable_shared_from_this<Connection> {
 public:
  /// `socket` does not block.
  Connection(std::shared_ptr<Worker> worker, base::Descriptor socket,
             std::shared_ptr<ListenerState> listener);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Start(const Peer& peer);
  void Close();
  /// Closes now when there is nothing to answer, else after what has been received is answered; who
  /// has just connected is waited for.
  void CloseWhenIdle();
  /// Closes when a deadline has passed; lets go of a large buffer that nothing comes into.
  void OnTick(std::uint32_t tick);
  void OnReady(std::uint32_t events) override;

 private:
  // What it is told of while it has nothing to write.
  static constexpr std::uint32_t kReading = EPOLLIN | EPOLLRDHUP | EPOLLET;

  void Read();
  void Queue();
  void ReadNow();
  void OnRead(std::size_t size);
  /// Whether the protocol has got any further.
  bool Process();
  void HandOver(std::shared_ptr<const Descriptors> descriptors, std::size_t output_before);
  void Write();
  /// Gives the socket what is to be written, descriptors first; as ::send.
  [[nodiscard]] ssize_t Send();
  /// False when the connection has ended over it.
  bool SendAll();
  void WriteRest();
  void EndWrite();
  void Linger();
  void OnLate(std::string bytes, AfterAnswer after);
  void Continue();
  void AnswerMore();
  void GoOn();
  [[nodiscard]] bool IsIdle() const;
  [[nodiscard]] bool IsNew() const;
  /// When the worker drains: there is nothing to answer, and nothing is to be expected.
  [[nodiscard]] bool MayEnd() const;
  [[nodiscard]] bool IsWritten() const;
  [[nodiscard]] bool HasUnread() const;
  void TakeBuffers();
  /// Those in which nothing is kept.
  void GiveBuffers();
  bool GrowInput();
  void ShrinkInput();
  void DropInput();
  /// Takes or gives back what the buffers, and those of the protocol, have become; false when there
  /// is not so much.
  bool Hold(std::size_t input_capacity);
  [[nodiscard]] bool IsOver(std::uint32_t since, std::int64_t deadline_millis,
                            std::uint32_t tick) const;

  std::shared_ptr<Worker> worker_;
  std::shared_ptr<ListenerState> listener_;
  base::Descriptor socket_;
  std::unique_ptr<StreamProtocol> protocol_;

  std::unique_ptr<char[]> input_;  // null: lent to others
  std::size_t input_capacity_ = kFirstInputBytes;
  std::size_t input_size_ = 0;
  std::string output_;   // not yet given to the socket
  std::string writing_;  // being written
  std::size_t written_ = 0;
  std::shared_ptr<const Descriptors> descriptors_;  // to go with the next byte
  std::size_t answer_at_ = 0;                       // that they belong to, of what is written then
  std::size_t kept_ = 0;                            // StreamProtocol::Progress::kept
  std::size_t held_ = 0;                            // of ConnectionLimits::memory

  bool has_asked_ = false;    // something has come
  bool is_queued_ = false;    // it will be its turn
  bool is_due_ = false;       // to answer more then
  bool is_reading_ = false;   // what comes next is to be read
  bool is_readable_ = false;  // there may be something to read
  bool is_writing_ = false;   // waits for the socket to take more
  bool is_suspended_ = false;
  bool has_more_ = false;      // the protocol has paused for the output to be written
  bool has_end_ = false;       // the end of what the peer sends has come, perhaps behind bytes
  bool peer_is_done_ = false;  // that end was read
  bool peer_is_gone_ = false;  // neither reads nor sends any more
  bool close_after_write_ = false;
  bool is_lingering_ = false;        // our side is closed
  std::uint32_t message_since_ = 0;  // tick at which the unfinished message began
  std::uint32_t write_since_ = 0;
  std::uint32_t active_at_ = 0;
};

}  // namespace pennon::net
