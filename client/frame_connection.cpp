#include "client/frame_connection.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "wire/frame_answer.h"
#include "wire/limits.h"

namespace pennon::client {
namespace {

using base::Error;
using base::Fail;
using base::Result;

constexpr std::int64_t kBacklogPauseMillis = 2;
constexpr std::size_t kMaxDescriptors = 4;
// Header and body of most answers: they come with one call to the system.
constexpr std::size_t kAheadBytes = 1024;
constexpr std::size_t kReceiveBytes = std::size_t{64} << 10U;  // at least, at a time

std::int64_t NowMillis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::int64_t NowNanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int MillisLeft(Deadline deadline) {
  return static_cast<int>(std::clamp<std::int64_t>(deadline - NowMillis(), 0, 1 << 30));
}

}  // namespace

Deadline DeadlineIn(std::int64_t millis) {
  return NowMillis() + millis;
}

void FrameConnection::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  descriptors_.clear();
}

void FrameConnection::AbandonAfterFork() const {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> FrameConnection::Connect(const std::string& path, Deadline deadline) {
  Close();
  was_hung_up_ = false;
  path_ = path;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Fail(Error::Invalid(path, "is no path for a socket"));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) return Fail(Error::Unavailable(path, std::strerror(errno)));
  while (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    const int why = errno;
    // On a Unix socket EAGAIN means that the daemon's backlog is full for the moment.
    if (why == EINTR || (why == EAGAIN && MillisLeft(deadline) > 0)) {
      ::poll(nullptr, 0, static_cast<int>(kBacklogPauseMillis));
      continue;
    }
    Close();
    return Fail(Error::Unavailable(path, std::string("cannot connect: ") + std::strerror(why)));
  }
  return {};
}

Result<void> FrameConnection::Wait(short events, Deadline deadline) const {
  pollfd waiting{fd_, events, 0};
  while (true) {
    const int ready = ::poll(&waiting, 1, MillisLeft(deadline));
    if (ready > 0) return {};
    if (ready == 0) return Fail(Error::Unavailable(path_, "did not answer in time"));
    if (errno != EINTR) return Fail(Error::Unavailable(path_, std::strerror(errno)));
  }
}

// `why`: an errno; 0 for the end of the stream.
Error FrameConnection::Ended(int why) {
  was_hung_up_ = why == 0 || why == ECONNRESET || why == EPIPE;
  if (why == 0) return Error::Unavailable(path_, "closed the connection");
  return Error::Unavailable(path_, std::string("closed the connection: ") + std::strerror(why));
}

Result<void> FrameConnection::Send(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (auto waited = Wait(POLLOUT, deadline); !waited) return waited;
    } else if (errno != EINTR) {
      return Fail(Ended(errno));
    }
  }
  return {};
}

// Not beyond the time that Exchange has set; then it sleeps for the rest of the answer.
bool FrameConnection::IsSpinning() {
  if (spins_until_ != 0 && NowNanos() >= spins_until_) spins_until_ = 0;
  return spins_until_ != 0;
}

// Whatever else a hostile daemon hands over is closed.
void FrameConnection::Keep(const msghdr& message) {
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
       head = CMSG_NXTHDR(const_cast<msghdr*>(&message), head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
      base::Descriptor taken(fd);
      if (descriptors_.size() < kMaxDescriptors) descriptors_.push_back(std::move(taken));
    }
  }
}

// Reads until `received_` holds `size` bytes, or a few more, `most` at the most. Memory grows with
// what has come, not with what a hostile daemon says will come.
Result<void> FrameConnection::Receive(std::size_t size, std::size_t most, Deadline deadline) {
  std::size_t have = received_.size();
  while (have < size) {
    received_.resize(std::max(most, std::min(size, std::max(have + kReceiveBytes, have * 2))));
    iovec part{received_.data() + have, received_.size() - have};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(fd_, &message, MSG_CMSG_CLOEXEC);
    if (count >= 0) Keep(message);
    if (count > 0) {
      have += static_cast<std::size_t>(count);
    } else if (count < 0 && errno == EAGAIN) {
      if (IsSpinning()) continue;
      if (auto waited = Wait(POLLIN, deadline); !waited) return waited;
    } else if (count == 0 || errno != EINTR) {
      return Fail(Ended(count == 0 ? 0 : errno));
    }
    // Bytes that keep dripping never let the wait above see that time is up.
    if (have < size && MillisLeft(deadline) == 0) {
      return Fail(Error::Unavailable(path_, "did not answer in time"));
    }
  }
  received_.resize(have);
  return {};
}

Result<void> FrameConnection::SendAnew(std::string_view request, Deadline deadline) {
  descriptors_.clear();
  auto sent = Send(request, deadline);
  if (!sent) Close();
  return sent;
}

Result<Frame> FrameConnection::Begin(std::string_view request, std::uint32_t id,
                                     wire::FrameType expected, Deadline deadline) {
  if (auto sent = SendAnew(request, deadline); !sent) return Fail(sent.error());
  return Next(id, expected, deadline);
}

Result<Frame> FrameConnection::Exchange(std::string_view request, std::uint32_t id,
                                        wire::FrameType expected, Deadline deadline) {
  if (auto sent = SendAnew(request, deadline); !sent) return Fail(sent.error());
  if (spin_nanos_ > 0) spins_until_ = std::min(NowNanos() + spin_nanos_, deadline * 1'000'000);
  auto frame = ReceiveFrame(kAheadBytes, id, expected, deadline);
  spins_until_ = 0;
  return frame;
}

// Whoever waits for the next frame by the descriptor must find it there, so none is read ahead.
Result<Frame> FrameConnection::Next(std::uint32_t id, wire::FrameType expected, Deadline deadline) {
  return ReceiveFrame(0, id, expected, deadline);
}

Result<Frame> FrameConnection::ReceiveFrame(std::size_t most, std::uint32_t id,
                                            wire::FrameType expected, Deadline deadline) {
  const auto fail = [this](const Error& error) {
    Close();
    return Fail(error);
  };
  received_.clear();
  if (auto head = Receive(wire::kFrameHeaderBytes, most, deadline); !head)
    return fail(head.error());
  const auto header =
      wire::DecodeFrameHeader(std::string_view(received_).substr(0, wire::kFrameHeaderBytes));
  if (!header || header->id != id || header->size > wire::kMaxAnswerBytes) {
    return fail(Error::Unavailable(path_, "answers with something that is no frame for us"));
  }
  if (header->type != expected && header->type != wire::FrameType::kError) {
    return fail(Error::Unavailable(path_, "answers with an unexpected frame"));
  }
  const std::size_t size = wire::kFrameHeaderBytes + header->size;
  if (auto body = Receive(size, 0, deadline); !body) return fail(body.error());
  if (received_.size() > size) {
    return fail(Error::Unavailable(path_, "answers with more than was asked for"));
  }
  const std::string_view payload = std::string_view(received_).substr(wire::kFrameHeaderBytes);
  if (header->type == wire::FrameType::kError) {
    return Fail(wire::DecodeError(payload));
  }
  return Frame{*header, payload};
}

}  // namespace pennon::client
