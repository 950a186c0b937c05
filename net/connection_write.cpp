// What a connection writes: all at once when the socket takes it, else the rest when it can; and
// descriptors that go along.
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "net/connection.h"

namespace pennon::net {

void Connection::Write() {
  writing_.swap(output_);
  output_.clear();
  written_ = 0;
  if (!SendAll()) return;
  // Nearly always the socket takes it all at once, and nothing has to be waited for.
  if (written_ == writing_.size()) return EndWrite();
  is_writing_ = true;
  write_since_ = worker_->tick;
  worker_->loop.Rewatch(socket_.get(), kReading | EPOLLOUT, *this);
}

bool Connection::SendAll() {
  while (written_ < writing_.size()) {
    const ssize_t sent = Send();
    if (sent > 0) {
      written_ += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno == ETOOMANYREFS && descriptors_ != nullptr) {
      // Other peers of this process have not taken theirs. Nothing was written yet.
      writing_.resize(answer_at_);
      writing_ += descriptors_->otherwise;
      descriptors_.reset();
    } else if (errno != EINTR) {
      Close();
      return false;
    }
  }
  return true;
}

void Connection::WriteRest() {
  const std::size_t before = written_;
  if (!SendAll()) return;
  if (written_ > before) write_since_ = worker_->tick;
  if (written_ < writing_.size()) return;
  worker_->loop.Rewatch(socket_.get(), kReading, *this);
  EndWrite();
  Continue();
}

ssize_t Connection::Send() {
  if (descriptors_ == nullptr) {
    return ::send(socket_.get(), writing_.data() + written_, writing_.size() - written_,
                  MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  const std::size_t bytes = descriptors_->fds.size() * sizeof(int);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> control{};
  iovec part{writing_.data() + written_, writing_.size() - written_};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(bytes);
  cmsghdr* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(bytes);
  std::memcpy(CMSG_DATA(head), descriptors_->fds.data(), bytes);
  const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent > 0) descriptors_.reset();
  return sent;
}

void Connection::EndWrite() {
  is_writing_ = false;
  write_since_ = 0;
  written_ = 0;
  writing_.clear();
}

// Descriptors that nobody reads count against this process's limit of open files: a few peers could
// use it up for all others.
void Connection::HandOver(std::shared_ptr<const Descriptors> descriptors,
                          std::size_t output_before) {
  int unread = 0;
  if (!is_writing_ && ::ioctl(socket_.get(), SIOCOUTQ, &unread) == 0 && unread == 0) {
    descriptors_ = std::move(descriptors);
    answer_at_ = output_before;
  } else {
    output_.resize(output_before);
    output_ += descriptors->otherwise;
  }
}

}  // namespace pennon::net
