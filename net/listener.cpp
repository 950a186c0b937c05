#include "net/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace pennon::net {
namespace {

constexpr int kAcceptsPerRound = 64;
constexpr int kAcceptsAtClose = 4096;
constexpr std::size_t kUsualGroups = 32;

base::Descriptor OpenSpare() {
  return base::Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

// An IPv4 address that came in on an IPv6 socket is written as what it is.
std::string AddressText(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address.ss_family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  } else if (address.ss_family == AF_INET6) {
    bytes = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  }
  if (bytes == nullptr ||
      ::inet_ntop(address.ss_family, bytes, text.data(), text.size()) == nullptr) {
    return {};
  }
  constexpr std::string_view kMapped = "::ffff:";
  const std::string_view found = text.data();
  const bool is_mapped = found.starts_with(kMapped) && found.find('.') != std::string_view::npos;
  return std::string(is_mapped ? found.substr(kMapped.size()) : found);
}

// The supplementary groups of a Unix socket's peer; none when the kernel cannot tell.
std::vector<std::uint32_t> GroupsOf(int fd) {
  static_assert(sizeof(gid_t) == sizeof(std::uint32_t));
  std::vector<std::uint32_t> groups(kUsualGroups);
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const int result = ::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
    if (result != 0 && errno != ERANGE) return {};
    groups.resize(size / sizeof(gid_t));  // the size needed, when it was too small
    if (result == 0) return groups;
  }
  return {};
}

Peer PeerOf(int fd, int family) {
  Peer peer;
  peer.is_unix = family == AF_UNIX;
  if (!peer.is_unix) {
    peer.address = AddressText(fd);
    return peer;
  }
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
    peer.uid = credentials.uid;
    peer.gid = credentials.gid;
    peer.pid = credentials.pid;
  }
  peer.groups = GroupsOf(fd);
  return peer;
}

sockaddr_storage LocalAddress(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return address;
}

std::uint16_t PortOf(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  }
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  }
  return 0;
}

}  // namespace

SocketListener::SocketListener(std::vector<std::shared_ptr<Worker>> workers, int fd,
                               const ConnectionLimits& limits, ProtocolFactory factory)
    : workers_(std::move(workers)),
      socket_(fd),
      spare_(OpenSpare()),
      state_(std::make_shared<ListenerState>()) {
  state_->limits = limits;
  state_->factory = std::move(factory);
  const sockaddr_storage address = LocalAddress(fd);
  family_ = address.ss_family;
  port_ = PortOf(address);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

ListenerCounts SocketListener::counts() const {
  return {state_->accepted.load(std::memory_order_relaxed),
          state_->refused.load(std::memory_order_relaxed),
          state_->open.load(std::memory_order_relaxed)};
}

void SocketListener::Start() {
  workers_.front()->Post([self = shared_from_this()] {
    if (!self->socket_.IsOpen()) return;
    if (!self->workers_.front()->loop.Watch(self->socket_.get(), EPOLLIN, *self)) self->Pause();
  });
}

void SocketListener::Close() {
  // Whoever has connected before may have sent a request already, and is to be answered. From here
  // on nobody connects who would find the socket closed before it was accepted. (TCP has no such
  // end: it would drop all that wait.)
  if (!state_->limits.leave_waiting && family_ == AF_UNIX) ::shutdown(socket_.get(), SHUT_RD);
  const int accepts = state_->limits.leave_waiting ? 0 : kAcceptsAtClose;
  for (int i = 0; i < accepts && AcceptOne() == Accepted::kYes; ++i) {
  }
  workers_.front()->loop.Unwatch(socket_.get(), *this);
  socket_ = base::Descriptor();
}

void SocketListener::OnReady(std::uint32_t /*events*/) {
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    const Accepted accepted = AcceptOne();
    if (accepted == Accepted::kNoneWaits) return;
    if (accepted == Accepted::kOutOfMeans) {
      Shed();
      return Pause();
    }
  }
}

// The readiness that cannot be served would have the loop spin.
void SocketListener::Pause() {
  workers_.front()->loop.Unwatch(socket_.get(), *this);
  workers_.front()->AtNextTick([self = shared_from_this()] { self->Start(); });
}

SocketListener::Accepted SocketListener::AcceptOne() {
  const int fd = ::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    Deal(fd);
    return Accepted::kYes;
  }
  switch (errno) {
    case EAGAIN:
      return Accepted::kNoneWaits;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
      return Accepted::kOutOfMeans;
    default:
      return Accepted::kYes;  // this one has gone away; the next may be there
  }
}

// Gives the spare descriptor up for one moment, so that the peer sees a close and not a hang.
void SocketListener::Shed() {
  spare_ = base::Descriptor();
  const int fd = ::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) Refuse(fd);
  spare_ = OpenSpare();
}

void SocketListener::Refuse(int fd) {
  state_->refused.fetch_add(1, std::memory_order_relaxed);
  ::close(fd);
}

void SocketListener::Deal(int fd) {
  if (state_->open.load(std::memory_order_relaxed) >= state_->limits.max_connections) {
    return Refuse(fd);
  }
  const int on = 1;
  if (family_ != AF_UNIX) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const std::shared_ptr<Worker> worker = workers_[next_worker_++ % workers_.size()];
  const Peer peer = PeerOf(fd, family_);
  auto connection = std::make_shared<Connection>(worker, base::Descriptor(fd), state_);
  state_->accepted.fetch_add(1, std::memory_order_relaxed);
  if (worker == workers_.front()) return worker->Add(connection, peer);
  worker->Post(
      [worker, connection = std::move(connection), peer] { worker->Add(connection, peer); });
}

}  // namespace pennon::net
