#include "net/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>

namespace pennon::net {
namespace {

constexpr std::chrono::milliseconds kPauseWithoutDescriptors{100};
constexpr int kAcceptsPerRound = 64;
constexpr int kAcceptsAtClose = 4096;
constexpr std::size_t kUsualGroups = 32;

int OpenSpare() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
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
      spare_(OpenSpare()),
      state_(std::make_shared<ListenerState>()),
      descriptor_(workers_.front()->io),
      pause_(workers_.front()->io) {
  state_->limits = limits;
  state_->factory = std::move(factory);
  const sockaddr_storage address = LocalAddress(fd);
  family_ = address.ss_family;
  port_ = PortOf(address);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  descriptor_.assign(fd);
}

SocketListener::~SocketListener() {
  if (spare_ >= 0) ::close(spare_);
}

std::uint16_t SocketListener::port() const {
  return port_;
}

ListenerCounts SocketListener::counts() const {
  return {state_->accepted.load(std::memory_order_relaxed),
          state_->refused.load(std::memory_order_relaxed),
          state_->open.load(std::memory_order_relaxed)};
}

void SocketListener::Start() {
  boost::asio::post(workers_.front()->io, [self = shared_from_this()] { self->Wait(); });
}

void SocketListener::Close() {
  // Whoever has connected before may have sent a request already, and is to be answered.
  const int accepts = state_->limits.leave_waiting ? 0 : kAcceptsAtClose;
  for (int i = 0; i < accepts && AcceptOne() == Accepted::kYes; ++i) {
  }
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  pause_.cancel();
}

void SocketListener::Wait() {
  descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [self = shared_from_this()](const boost::system::error_code& ec) {
                           if (!ec) self->AcceptAll();
                         });
}

void SocketListener::AcceptAll() {
  if (!descriptor_.is_open()) return;
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    const Accepted accepted = AcceptOne();
    if (accepted == Accepted::kNoneWaits) break;
    if (accepted == Accepted::kOutOfMeans) {
      // Without a pause the readiness that cannot be served would spin the loop.
      Shed();
      pause_.expires_after(kPauseWithoutDescriptors);
      pause_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
        if (!ec) self->Wait();
      });
      return;
    }
  }
  Wait();
}

SocketListener::Accepted SocketListener::AcceptOne() {
  const int fd =
      ::accept4(descriptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
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
  if (spare_ >= 0) ::close(spare_);
  const int fd = ::accept4(descriptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
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
  Connection::Socket socket(worker->io);
  boost::system::error_code ec;
  socket.assign(boost::asio::generic::stream_protocol(family_, 0), fd, ec);
  if (ec) return Refuse(fd);  // the kernel watches no more descriptors
  state_->accepted.fetch_add(1, std::memory_order_relaxed);
  auto connection = std::make_shared<Connection>(worker, std::move(socket), state_);
  const Peer peer = PeerOf(fd, family_);
  boost::asio::dispatch(worker->io, [worker, connection = std::move(connection), peer] {
    worker->Add(connection, peer);
  });
}

}  // namespace pennon::net
