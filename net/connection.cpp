#include "net/connection.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace pennon::net {
namespace {

constexpr std::size_t kMaxInputBytes = std::size_t{256} << 20U;  // protocols refuse long before
constexpr std::size_t kSpareBytes = 1;  // that StreamProtocol may write behind the input
constexpr std::int64_t kLingerMillis = 2'000;
constexpr std::int64_t kFirstRequestMillis = 500;

}  // namespace

Connection::Connection(std::shared_ptr<Worker> worker, base::Descriptor socket,
                       std::shared_ptr<ListenerState> listener)
    : worker_(std::move(worker)), listener_(std::move(listener)), socket_(std::move(socket)) {
  listener_->open.fetch_add(1, std::memory_order_relaxed);
}

Connection::~Connection() {
  if (held_ > 0) listener_->limits.memory->Give(held_);
  listener_->open.fetch_sub(1, std::memory_order_relaxed);
}

void Connection::Start(const Peer& peer) {
  const std::weak_ptr<Connection> weak = weak_from_this();
  const std::weak_ptr<Worker> weak_worker = worker_;
  // Elsewhere only the worker is held on to: a connection, and its protocol, must end on their
  // worker. And the queue of a stopped loop must keep neither of them alive.
  LateAnswer late([weak, weak_worker](std::string bytes, AfterAnswer after) {
    const auto worker = weak_worker.lock();
    if (worker == nullptr) return;
    worker->Post([weak, bytes = std::move(bytes), after]() mutable {
      if (const auto connection = weak.lock()) connection->OnLate(std::move(bytes), after);
    });
  });
  protocol_ = listener_->factory(worker_->index, peer, std::move(late));
  // The kernel may watch no more descriptors.
  if (protocol_ == nullptr || !worker_->loop.Watch(socket_.get(), kReading, *this)) {
    listener_->refused.fetch_add(1, std::memory_order_relaxed);
    return Close();
  }
  active_at_ = worker_->tick;
  Read();
}

void Connection::Close() {
  if (!socket_.IsOpen()) return;
  worker_->loop.Unwatch(socket_.get(), *this);
  socket_ = base::Descriptor();
  worker_->Remove(shared_from_this());
}

bool Connection::IsWritten() const {
  return !is_writing_ && output_.empty();
}

bool Connection::IsIdle() const {
  return input_size_ == 0 && kept_ == 0 && !is_suspended_ && IsWritten();
}

bool Connection::HasUnread() const {
  int unread = 0;
  return ::ioctl(socket_.get(), FIONREAD, &unread) == 0 && unread > 0;
}

// Who has just connected is about to ask, and would take an end for a request that was lost.
bool Connection::IsNew() const {
  return !has_asked_ &&
         std::int64_t{worker_->tick - active_at_} * kTickMillis < kFirstRequestMillis;
}

bool Connection::MayEnd() const {
  return IsIdle() && !HasUnread() && !IsNew();
}

void Connection::CloseWhenIdle() {
  if (is_lingering_ || MayEnd()) Close();
}

bool Connection::IsOver(std::uint32_t since, std::int64_t deadline_millis,
                        std::uint32_t tick) const {
  return since != 0 && deadline_millis > 0 &&
         std::int64_t{tick - since} * kTickMillis > deadline_millis + kTickMillis;
}

void Connection::OnTick(std::uint32_t tick) {
  const ConnectionLimits& limits = listener_->limits;
  // While we do not read, it is not the peer who keeps a message from being complete.
  if (message_since_ != 0 && !is_reading_) message_since_ = tick;
  if (IsOver(message_since_, is_lingering_ ? kLingerMillis : limits.message_deadline_millis,
             tick) ||
      IsOver(write_since_, limits.write_deadline_millis, tick) ||
      (IsIdle() && IsOver(active_at_, limits.idle_deadline_millis, tick)) ||
      (worker_->draining && !is_lingering_ && MayEnd())) {
    return Close();
  }
  // Not at once: who sends long messages one after the other would have it made for each.
  if (input_size_ == 0 && input_capacity_ > kFirstInputBytes && tick - active_at_ > 1) DropInput();
}

void Connection::OnReady(std::uint32_t events) {
  constexpr std::uint32_t kGone = EPOLLHUP | EPOLLERR;
  peer_is_gone_ = peer_is_gone_ || (events & kGone) != 0;
  has_end_ = has_end_ || (events & (kGone | EPOLLRDHUP)) != 0;
  is_readable_ = is_readable_ || (events & (kGone | EPOLLRDHUP | EPOLLIN)) != 0;
  // A peer that follows changes would else leave its connection behind. One that has only ended its
  // own side still wants the answer.
  if (is_suspended_ && peer_is_gone_) return Close();
  if (events == 0) is_queued_ = false;
  if (is_writing_ && (events & (kGone | EPOLLOUT)) != 0) WriteRest();
  if (!is_queued_ && std::exchange(is_due_, false)) {
    AnswerMore();
  } else if (!is_queued_ && is_reading_ && is_readable_) {
    ReadNow();
  }
  GiveBuffers();
}

void Connection::TakeBuffers() {
  if (input_ == nullptr) input_ = std::move(worker_->spare_input);
  if (input_ == nullptr) input_.reset(new char[kFirstInputBytes]);
  if (output_.empty() && output_.capacity() < worker_->spare_output.capacity()) {
    output_.swap(worker_->spare_output);
  }
}

void Connection::GiveBuffers() {
  if (input_ != nullptr && input_size_ == 0 && input_capacity_ == kFirstInputBytes) {
    worker_->spare_input = std::move(input_);
  }
  std::string& spare = worker_->spare_output;
  for (std::string* const buffer : {&output_, &writing_}) {
    if (!buffer->empty()) continue;
    const std::size_t capacity = buffer->capacity();
    if (capacity > spare.capacity() && capacity <= kKeptBufferBytes) buffer->swap(spare);
    std::string().swap(*buffer);
  }
}

bool Connection::GrowInput() {
  if (input_size_ + kSpareBytes < input_capacity_) return true;
  if (input_capacity_ >= kMaxInputBytes) return false;
  const std::size_t capacity = input_capacity_ * 2;
  if (!Hold(capacity)) return false;
  std::unique_ptr<char[]> larger(new char[capacity]);
  std::memcpy(larger.get(), input_.get(), input_size_);
  input_ = std::move(larger);
  input_capacity_ = capacity;
  return true;
}

// A huge message must not keep its memory for as long as the connection lives.
void Connection::ShrinkInput() {
  if (input_capacity_ <= kKeptBufferBytes || input_size_ + kSpareBytes >= kFirstInputBytes) return;
  std::unique_ptr<char[]> smaller(new char[kFirstInputBytes]);
  std::memcpy(smaller.get(), input_.get(), input_size_);
  input_ = std::move(smaller);
  input_capacity_ = kFirstInputBytes;
}

// The next message begins in a buffer that is lent.
void Connection::DropInput() {
  input_.reset();
  input_capacity_ = kFirstInputBytes;
  Hold(input_capacity_);
}

bool Connection::Hold(std::size_t input_capacity) {
  std::size_t needed = input_capacity - kFirstInputBytes;
  if (kept_ > kFirstInputBytes) needed += kept_ - kFirstInputBytes;
  if (is_writing_) needed += writing_.size() + output_.size();
  if (needed == held_) return true;  // nearly always: nobody else's memory is touched
  MemoryBudget* const memory = listener_->limits.memory.get();
  if (memory == nullptr) return true;
  if (needed < held_) {
    memory->Give(held_ - needed);
  } else if (!(is_suspended_ ? memory->TakeUnasked(needed - held_)
                             : memory->Take(needed - held_))) {
    return false;
  }
  held_ = needed;
  return true;
}

void Connection::Read() {
  is_reading_ = true;
  if (is_readable_) Queue();
}

// One turn a round, or who floods us would get one more in each.
void Connection::Queue() {
  if (!std::exchange(is_queued_, true)) worker_->loop.Again(*this);
}

void Connection::ReadNow() {
  is_reading_ = false;
  TakeBuffers();
  if (!GrowInput()) return Close();
  const std::size_t room = input_capacity_ - input_size_ - kSpareBytes;
  const ssize_t got = ::recv(socket_.get(), input_.get() + input_size_, room, MSG_DONTWAIT);
  // Less than there was room for is all there is: of more, the kernel tells when it comes. Only the
  // end may be there already. (Reads are short also where descriptors were sent along; a peer that
  // does so waits until it sends more.)
  is_readable_ = has_end_ || got == static_cast<ssize_t>(room);
  if (got > 0) return OnRead(static_cast<std::size_t>(got));
  if (got == 0) {
    peer_is_done_ = true;
  } else if (errno == EAGAIN || errno == EINTR) {
    is_readable_ = errno == EINTR;
  } else {
    return Close();
  }
  Continue();
}

void Connection::OnRead(std::size_t size) {
  if (is_lingering_) return Linger();
  input_size_ += size;
  active_at_ = worker_->tick;
  Process();
  Continue();
}

bool Connection::Process() {
  TakeBuffers();  // a late answer may come before more is read
  const std::size_t output_before = output_.size();
  const auto progress = protocol_->OnBytes({input_.get(), input_size_}, output_);
  input_size_ -= progress.consumed;
  if (progress.consumed > 0) {
    worker_->loop.ExpectMore();
    if (input_size_ > 0) {
      std::memmove(input_.get(), input_.get() + progress.consumed, input_size_);
    }
    if (kept_ == 0 || progress.advanced) message_since_ = 0;
    ShrinkInput();
  }
  kept_ = progress.kept;
  if (input_size_ == 0 && kept_ == 0) message_since_ = 0;
  has_asked_ = has_asked_ || !progress.greets;
  is_suspended_ = progress.suspended;
  has_more_ = progress.more;
  if (progress.descriptors != nullptr) HandOver(progress.descriptors, output_before);
  close_after_write_ = close_after_write_ || progress.close;
  if (is_suspended_ || has_more_) {
    message_since_ = 0;
  } else if ((input_size_ > 0 || kept_ > 0) && message_since_ == 0) {
    message_since_ = worker_->tick;
  }
  return progress.consumed > 0 || output_.size() != output_before;
}

// Goes on with whatever is due after the state has changed: write, answer more, read, or close.
void Connection::Continue() {
  if (!is_writing_ && !output_.empty()) Write();
  if (!Hold(input_capacity_)) return Close();
  if (!socket_.IsOpen() || descriptors_ != nullptr) return;
  if (is_suspended_ && peer_is_gone_) return Close();
  if (is_suspended_) return;
  // While a slow reader has this much to read, nothing more is answered; the write goes on here.
  if (output_.size() + writing_.size() - written_ >= listener_->limits.max_output_bytes) return;
  if (!has_more_) return GoOn();
  if (output_.size() >= kOutputRoundBytes) return;  // the protocol would only pause again
  // Others come first: what is here may be a thousand requests, for large answers.
  is_due_ = true;
  Queue();
}

void Connection::AnswerMore() {
  if (!Process() && is_writing_ && has_more_) return;  // it waits for what is being written
  Continue();
}

void Connection::GoOn() {
  if (peer_is_done_) {
    if (IsWritten()) Close();
  } else if (close_after_write_) {
    if (IsWritten()) Linger();
  } else if (worker_->draining && MayEnd()) {
    Close();
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
    ::shutdown(socket_.get(), SHUT_WR);
  }
  input_size_ = 0;
  Read();
}

void Connection::OnLate(std::string bytes, AfterAnswer after) {
  if (!socket_.IsOpen() || !is_suspended_) return;
  // A peer that has left nothing unread is given the next piece, however large that is.
  if (!IsWritten() && output_.size() + bytes.size() > listener_->limits.max_output_bytes &&
      after == AfterAnswer::kMore) {
    return Close();
  }
  is_suspended_ = after == AfterAnswer::kMore;
  protocol_->Wrap(bytes, after == AfterAnswer::kClose);
  output_ += bytes;
  if (!is_suspended_) {
    close_after_write_ = close_after_write_ || after == AfterAnswer::kClose;
    // Requests that were pipelined behind the suspended one are already here.
    has_more_ = !close_after_write_ && (input_size_ > 0 || kept_ > 0);
  }
  Continue();
  GiveBuffers();
}

}  // namespace pennon::net
