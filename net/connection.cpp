#include "net/connection.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cstring>

namespace pennon::net {
namespace {

using boost::system::error_code;

constexpr std::size_t kFirstInputBytes = std::size_t{16} * 1024;
constexpr std::size_t kMaxInputBytes = std::size_t{64} << 20U;  // protocols refuse long before
constexpr std::size_t kKeptBufferBytes = std::size_t{64} * 1024;
constexpr std::size_t kSpareBytes = 1;  // that StreamProtocol may write behind the input

}  // namespace

Connection::Connection(std::shared_ptr<Worker> worker, Socket socket,
                       std::shared_ptr<ListenerState> listener)
    : worker_(std::move(worker)),
      listener_(std::move(listener)),
      socket_(std::move(socket)),
      input_(new char[kFirstInputBytes]),
      input_capacity_(kFirstInputBytes) {
  listener_->open.fetch_add(1, std::memory_order_relaxed);
}

Connection::~Connection() { listener_->open.fetch_sub(1, std::memory_order_relaxed); }

void Connection::Start(const Peer& peer) {
  const std::weak_ptr<Connection> weak = weak_from_this();
  LateAnswer late = [weak](std::string bytes, bool close) {
    const auto self = weak.lock();
    if (self == nullptr) return;
    // The queue of a stopped loop must not keep the connection, and so the loop, alive.
    boost::asio::post(self->worker_->io, [weak, bytes = std::move(bytes), close]() mutable {
      if (const auto connection = weak.lock()) connection->OnLate(std::move(bytes), close);
    });
  };
  protocol_ = listener_->factory(worker_->index, peer, std::move(late));
  active_at_ = worker_->tick;
  Read();
}

void Connection::Close() {
  error_code ignored;
  socket_.close(ignored);
  worker_->Remove(shared_from_this());
}

bool Connection::IsIdle() const {
  return input_size_ == 0 && !is_writing_ && !is_suspended_ && output_.empty();
}

void Connection::CloseWhenIdle() {
  int unread = 0;
  ::ioctl(socket_.native_handle(), FIONREAD, &unread);
  if (IsIdle() && unread == 0) return Close();
}

bool Connection::IsOver(std::uint32_t since, std::int64_t deadline_millis,
                        std::uint32_t tick) const {
  return since != 0 && deadline_millis > 0 &&
         std::int64_t{tick - since} * kTickMillis > deadline_millis + kTickMillis;
}

void Connection::OnTick(std::uint32_t tick) {
  const ConnectionLimits& limits = listener_->limits;
  if (IsOver(message_since_, limits.message_deadline_millis, tick) ||
      IsOver(write_since_, limits.write_deadline_millis, tick) ||
      (IsIdle() && IsOver(active_at_, limits.idle_deadline_millis, tick))) {
    Close();
  }
}

bool Connection::GrowInput() {
  if (input_size_ + kSpareBytes < input_capacity_) return true;
  if (input_capacity_ >= kMaxInputBytes) return false;
  const std::size_t capacity = input_capacity_ * 2;
  std::unique_ptr<char[]> larger(new char[capacity]);
  std::memcpy(larger.get(), input_.get(), input_size_);
  input_ = std::move(larger);
  input_capacity_ = capacity;
  return true;
}

void Connection::Read() {
  if (is_reading_ || !socket_.is_open()) return;
  if (!GrowInput()) return Close();
  is_reading_ = true;
  socket_.async_read_some(
      boost::asio::buffer(input_.get() + input_size_, input_capacity_ - input_size_ - kSpareBytes),
      [self = shared_from_this()](const error_code& ec, std::size_t size) {
        self->is_reading_ = false;
        if (!self->socket_.is_open()) return;
        if (ec == boost::asio::error::eof) {
          self->peer_is_done_ = true;
          return self->Continue();
        }
        if (ec) return self->Close();
        self->OnRead(size);
      });
}

void Connection::OnRead(std::size_t size) {
  if (is_lingering_) return Linger();
  input_size_ += size;
  active_at_ = worker_->tick;
  Process();
  Continue();
}

void Connection::Process() {
  const auto progress = protocol_->OnBytes({input_.get(), input_size_}, output_);
  input_size_ -= progress.consumed;
  if (input_size_ == 0) {
    message_since_ = 0;
    if (input_capacity_ > kKeptBufferBytes) {
      input_.reset(new char[kFirstInputBytes]);
      input_capacity_ = kFirstInputBytes;
    }
  } else if (progress.consumed > 0) {
    std::memmove(input_.get(), input_.get() + progress.consumed, input_size_);
    message_since_ = worker_->tick;
  } else if (message_since_ == 0) {
    message_since_ = worker_->tick;
  }
  is_suspended_ = progress.suspended;
  if (is_suspended_) message_since_ = 0;
  close_after_write_ = close_after_write_ || progress.close;
}

// Goes on with whatever is due after the state has changed: write, then read, or close.
void Connection::Continue() {
  if (!is_writing_ && !output_.empty()) Write();
  if (!socket_.is_open() || is_suspended_) return;
  // While a slow reader has this much to read, nothing more is answered; the write goes on here.
  if (output_.size() + writing_.size() - written_ >= listener_->limits.max_output_bytes) return;
  const bool is_written = !is_writing_ && output_.empty();
  if (peer_is_done_ || (worker_->draining && input_size_ == 0)) {
    if (is_written) Close();
  } else if (close_after_write_) {
    if (is_written) Linger();
  } else {
    Read();
  }
}

// Closing while the peer still sends would reset the connection, and the peer would lose the answer
// that says why: so end our side, and pass over what comes until the peer ends or time is up.
void Connection::Linger() {
  if (!is_lingering_) {
    is_lingering_ = true;
    message_since_ = worker_->tick;
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }
  input_size_ = 0;
  Read();
}

void Connection::Write() {
  writing_.swap(output_);
  output_.clear();
  written_ = 0;
  // Nearly always the socket takes it all at once, and no completion has to come back.
  const ssize_t sent = ::send(socket_.native_handle(), writing_.data(), writing_.size(),
                              MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent > 0) written_ = static_cast<std::size_t>(sent);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return Close();
  if (written_ == writing_.size()) return EndWrite();
  is_writing_ = true;
  write_since_ = worker_->tick;
  WriteRest();
}

void Connection::EndWrite() {
  is_writing_ = false;
  write_since_ = 0;
  written_ = 0;
  writing_.clear();
  if (writing_.capacity() > kKeptBufferBytes) std::string().swap(writing_);
}

void Connection::WriteRest() {
  socket_.async_write_some(
      boost::asio::buffer(writing_.data() + written_, writing_.size() - written_),
      [self = shared_from_this()](const error_code& ec, std::size_t size) {
        if (!self->socket_.is_open()) return;
        if (ec) return self->Close();
        self->written_ += size;
        self->write_since_ = self->worker_->tick;
        if (self->written_ < self->writing_.size()) return self->WriteRest();
        self->EndWrite();
        self->Continue();
      });
}

void Connection::OnLate(std::string bytes, bool close) {
  if (!socket_.is_open() || !is_suspended_) return;
  is_suspended_ = false;
  output_ += bytes;
  close_after_write_ = close_after_write_ || close;
  // Requests that were pipelined behind the suspended one are already here.
  if (!close_after_write_ && input_size_ > 0) Process();
  Continue();
}

}  // namespace pennon::net
